import { Body } from "./body";

export class Player implements Body {
  position = { x: 0, y: 0 };
  velocity = { x: 0, y: 0 };
  radius = 8;
  maxSpeed = 220;
  lives = 3;
}
