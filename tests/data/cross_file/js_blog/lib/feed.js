function feedEntry(post, base) {
  return `<entry><title>${post.title}</title><link href="${base}/${post.slug}"/></entry>`;
}

module.exports = { feedEntry };
