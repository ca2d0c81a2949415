import { words as en } from "./words.en.js";

/** The words of the page, in the reader's language where there is a file of it: one more language is one more line here. */
const languages: Readonly<Record<string, typeof en>> = { en };

export const words = navigator.languages.map((tag) => languages[tag.slice(0, 2)]).find(Boolean) ?? en;
