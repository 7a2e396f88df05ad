/** How often a server that ends by itself is started again before its user is asked. */
export class Restarts {
  private readonly times: number[] = [];

  constructor(
    private readonly most = 3,
    private readonly windowMs = 180_000,
  ) {}

  /** Whether to start it once more, now. */
  mayRestart(now: number): boolean {
    while (this.times[0] !== undefined && now - this.times[0] > this.windowMs) this.times.shift();
    if (this.times.length >= this.most) return false;
    this.times.push(now);
    return true;
  }

  forget(): void {
    this.times.length = 0;
  }
}
