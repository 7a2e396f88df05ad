export interface User {
  id: number;
  email: string;
  createdAt: Date;
}

export class UserTable {
  private rows: User[] = [];

  list(offset: number, limit: number): User[] {
    return this.rows.slice(offset, offset + limit);
  }

  count(): number {
    return this.rows.length;
  }
}
