// The language of the page: the one chosen before, or the browser's.
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { en, type Texts } from "./en";
import { ko } from "./ko";

export const LANGUAGES = { en: "English", ko: "한국어" };
export type Language = keyof typeof LANGUAGES;

const TEXTS: Record<Language, Texts> = { en, ko };
const KEY = "pollux-language";
const Context = createContext<{ language: Language; choose: (language: Language) => void }>({ language: "en", choose: () => {} });

function preferred(): Language {
  const chosen = localStorage.getItem(KEY) ?? navigator.language.slice(0, 2);
  return chosen === "ko" ? "ko" : "en";
}

export function TextsProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(preferred);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const choose = (chosen: Language) => {
    localStorage.setItem(KEY, chosen);
    setLanguage(chosen);
  };
  return <Context value={{ language, choose }}>{children}</Context>;
}

export const useLanguage = () => useContext(Context);
export const useTexts = (): Texts => TEXTS[useContext(Context).language];
