package web

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// used are the keys that pages and code name, and the beginnings of those that they put together.
var (
	keyPattern  = regexp.MustCompile(`(?:T|N|say|count|refuse\(w, r, http\.\w+,|refuse\(v\.w, v\.r, http\.\w+,)[ (]"([a-z_.]+)"`)
	madePattern = regexp.MustCompile(`"([a-z_]+\.)" ?\+`)
)

func TestBothLanguagesHaveEverySentenceThatPagesSay(t *testing.T) {
	messages, err := loadMessages()
	if err != nil {
		t.Fatal(err)
	}
	en, fr := messages["en"].text, messages["fr"].text
	for _, key := range slices.Sorted(maps.Keys(en)) {
		if fr[key] == "" || en[key] == "" {
			t.Errorf("%s lacks a language", key)
		}
		for _, place := range []string{"{0}", "{1}"} {
			if strings.Contains(en[key], place) != strings.Contains(fr[key], place) {
				t.Errorf("%s has %s in one language only", key, place)
			}
		}
	}
	if len(en) != len(fr) {
		t.Errorf("%d sentences in English, %d in French", len(en), len(fr))
	}
	used, made := map[string]bool{}, map[string]bool{}
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".html") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range keyPattern.FindAllStringSubmatch(string(b), -1) {
			used[m[1]] = true
		}
		for _, m := range madePattern.FindAllStringSubmatch(string(b), -1) {
			made[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range used {
		if en[key] == "" && en[key+".one"] == "" && !made[key] {
			t.Errorf("a page says %s, which no language has", key)
		}
	}
	if len(used) < 60 {
		t.Errorf("only %d keys were found in pages and code", len(used))
	}
}

func TestEveryPageRendersInBothLanguages(t *testing.T) {
	pages, err := parseTemplates()
	if err != nil {
		t.Fatal(err)
	}
	messages, err := loadMessages()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range languages {
		for _, name := range []string{"help", "accessibility", "about"} {
			var b strings.Builder
			if err := pages.byName[name].ExecuteTemplate(&b, "frame", &page{catalogue: messages[lang], Title: "T", Self: "GR"}); err != nil {
				t.Fatal(err)
			}
			if at := strings.Index(b.String(), "[error."); at >= 0 || !strings.Contains(b.String(), `lang="`+lang+`"`) {
				t.Errorf("%s in %s: %s", name, lang, b.String())
			}
		}
	}
}

func TestOneAndManyFollowTheLanguage(t *testing.T) {
	messages, err := loadMessages()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		lang string
		n    int
		want string
	}{{"en", 0, "Send to 0 recipients"}, {"en", 1, "Send to 1 recipient"}, {"en", 2, "Send to 2 recipients"}, {"fr", 0, "Envoyer à 0 destinataire"}, {"fr", 1, "Envoyer à 1 destinataire"}, {"fr", 2, "Envoyer à 2 destinataires"}} {
		if got := messages[c.lang].count("check.send", c.n); got != c.want {
			t.Errorf("%d in %s: %q, want %q", c.n, c.lang, got, c.want)
		}
	}
}

func TestRedirectsStayOnThisSite(t *testing.T) {
	for next, want := range map[string]string{"": "/", "/alerts?q=x": "/alerts?q=x", "//evil.example": "/", "https://evil.example/": "/", `/\evil.example`: "/", "alerts": "/", "/a\r\nSet-Cookie: x": "/", "javascript:alert(1)": "/"} {
		if got := local(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}
