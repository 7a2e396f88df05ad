import * as vector from "../core/vector";
import { Body } from "../entities/body";

function bounce(body: Body, normal: vector.Vec2): void {
  const speed = vector.length(body.velocity);
  const pushed = vector.add(body.velocity, vector.scale(normal, 2 * speed));
  body.velocity = vector.clamp$0
}

export function collide(a: Body, b: Body): boolean {
  return Math.hypot(a.position.x - b.position.x, a.position.y - b.position.y) < a.radius + b.radius;
}
