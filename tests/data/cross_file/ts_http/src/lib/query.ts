import { Page } from "./respond";

export function pageOf(url: URL): Page {
  return {
    number: Number(url.searchParams.get("page") ?? 1),
    size: Number(url.searchParams.get("size") ?? 20),
  };
}
