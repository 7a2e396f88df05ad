export function clampVolume(volume: number): number {
  return Math.min(1, Math.max(0, volume));
}
