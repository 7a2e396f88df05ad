export interface Vec2 {
  x: number;
  y: number;
}

export const ZERO: Vec2 = { x: 0, y: 0 };

export function add(a: Vec2, b: Vec2): Vec2 {
  return { x: a.x + b.x, y: a.y + b.y };
}

export function scale(v: Vec2, factor: number): Vec2 {
  return { x: v.x * factor, y: v.y * factor };
}

export const length = (v: Vec2): number => Math.hypot(v.x, v.y);

export function clampLength(v: Vec2, max: number): Vec2 {
  const n = length(v);
  return n > max ? scale(v, max / n) : v;
}
