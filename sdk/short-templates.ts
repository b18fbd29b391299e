import type { Plugin } from 'vite';

/** Takes white space out of the element's templates and style sheets, where it means nothing. */
export function shortTemplates(): Plugin {
  return {
    name: 'short-templates',
    enforce: 'pre',
    transform(code, id) {
      if (/sdk\/src\/elements\/styles\/[\w-]+\.ts$/.test(id)) {
        return { code: code.replaceAll(/css`[^`]*`/g, shortStyles), map: null };
      }
      if (!/sdk\/src\/elements\/[\w-]+\.ts$/.test(id)) return undefined;
      return { code: code.replaceAll(/>\n\s+(?=<)/g, '>').replaceAll(/\n\s+/g, '\n'), map: null };
    },
  };
}

/** No selector has a colon before a space, as every declaration has. */
function shortStyles(styles: string): string {
  return styles
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([{};,>`]) ?/g, '$1')
    .replaceAll(': ', ':')
    .replaceAll(';}', '}')
    .replaceAll(/(?<=[ :(,])0(?=\.\d)/g, '');
}
