export interface Page {
  number: number;
  size: number;
}

export interface Response {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export function json(body: unknown, status = 200): Response {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

export function problem(status: number, title: string): Response {
  return json({ title, status }, status);
}

export function paginated<T>(items: T[], page: Page, total: number): Response {
  const response = json(items);
  response.headers["x-total"] = String(total);
  response.headers["x-page"] = `${page.number}/${Math.ceil(total / page.size)}`;
  return response;
}
