package federation

// Text is a short text in several languages, by ISO 639-1 code. English and French are always there in a structure.
type Text map[string]string

// In gives the text in a language, or in English where it lacks, and the language it is in.
func (t Text) In(lang string) (text, actual string) {
	if s, ok := t[lang]; ok {
		return s, lang
	}
	return t["en"], "en"
}

// complete reports whether the languages that every label must have are there.
func (t Text) complete() bool { return t["en"] != "" && t["fr"] != "" }
