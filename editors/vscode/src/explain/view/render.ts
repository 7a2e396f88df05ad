import MarkdownIt from "markdown-it";

// No HTML of the model's reaches the page, and no images: nothing is fetched.
const markdown = new MarkdownIt({ html: false, linkify: false }).disable("image");
markdown.validateLink = (link) => /^https?:\/\//i.test(link);

/** Markdown as HTML that is safe to show. */
export function render(text: string): string {
  return markdown.render(text);
}
