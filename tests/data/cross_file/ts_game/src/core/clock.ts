export class Clock {
  private last = performance.now();

  tick(): number {
    const now = performance.now();
    const elapsed = (now - this.last) / 1000;
    this.last = now;
    return elapsed;
  }
}
