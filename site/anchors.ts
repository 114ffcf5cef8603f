/** Anchors of headings as GitHub makes them, which the site makes, too: lower case, punctuation dropped, spaces to hyphens. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}

/** Anchors of a page's headings, in their order. */
export function anchors(markdown: string): string[] {
  return [...withoutFences(markdown).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = '']) => anchor(heading))
}

/** A page without its code blocks. */
export function withoutFences(markdown: string): string {
  return markdown.replace(fence, '')
}

/** A code block with its fences. */
export const fence = /^```.*?^```$/gms
