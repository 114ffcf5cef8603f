/** Anchors of a page's headings, in their order, as GitHub makes them: lower case, punctuation dropped, spaces to hyphens. */
export function anchors(markdown: string): string[] {
  const headings = [...withoutFences(markdown).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}

/** A page without its code blocks. */
export function withoutFences(markdown: string): string {
  return markdown.replace(fence, '')
}

/** A code block with its fences. */
export const fence = /^```.*?^```$/gms
