const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>]/g, (c) => ENTITIES[c]);
}

export function tag(name: string, className: string, inner: string): string {
  return `<${name} class="${className}">${inner}</${name}>`;
}
