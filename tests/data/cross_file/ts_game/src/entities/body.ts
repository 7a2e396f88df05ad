import { Vec2 } from "../core/vector";

export interface Body {
  position: Vec2;
  velocity: Vec2;
  radius: number;
  maxSpeed: number;
}
