// Every colour that a page writes is one of the brand's tokens.
import { readFileSync } from "node:fs";

const tokens = readFileSync("brand.tokens.json", "utf8");
const brand = new Set(tokens.toLowerCase().match(/#[0-9a-f]{6}\b/g));

export default (page) => {
  const style = page.match(/<style[\s\S]*?<\/style>|style="[^"]*"/g)?.join(" ") ?? "";
  const foreign = (style.toLowerCase().match(/#[0-9a-f]{6}\b/g) ?? []).filter((c) => !brand.has(c));
  const reason = `not of the brand: ${foreign.join(", ")}`;
  return { pass: foreign.length === 0, score: foreign.length ? 0 : 1, reason };
};
