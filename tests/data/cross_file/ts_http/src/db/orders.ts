export interface Order {
  id: number;
  userId: number;
  cents: number;
}

export function paginate(orders: Order[], size: number): Order[][] {
  const pages: Order[][] = [];
  for (let i = 0; i < orders.length; i += size) pages.push(orders.slice(i, i + size));
  return pages;
}
