export * from "./vector";
export * from "./clock";
