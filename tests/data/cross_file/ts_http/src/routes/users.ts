import { UserTable } from "../db/users";
import { pageOf } from "../lib/query";
import { paginated, problem, Response } from "../lib/respond";

export function listUsers(table: UserTable, url: URL): Response {
  const page = pageOf(url);
  if (page.size > 100) return problem(400, "at most 100 users a page");
  const users = table.list((page.number - 1) * page.size, page.size);
  return paginated($0
}
