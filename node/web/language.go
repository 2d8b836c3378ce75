package web

import (
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// languages are those in which the portal is complete, in the order in which it offers them.
var languages = []string{"en", "fr"}

var matcher = language.NewMatcher([]language.Tag{language.English, language.French})

// catalogue holds the portal's sentences in one language.
type catalogue struct {
	lang string
	tag  language.Tag
	text map[string]string
}

func loadMessages() (map[string]*catalogue, error) {
	out := map[string]*catalogue{}
	for _, lang := range languages {
		b, err := assets.ReadFile(path.Join("messages", lang+".toml"))
		if err != nil {
			return nil, fmt.Errorf("reading the messages in %s: %w", lang, err)
		}
		c := &catalogue{lang: lang, tag: language.Make(lang)}
		if err := toml.Unmarshal(b, &c.text); err != nil {
			return nil, fmt.Errorf("reading the messages in %s: %w", lang, err)
		}
		out[lang] = c
	}
	return out, nil
}

// say gives a sentence with {0}, {1} ... replaced. A key that is not there shows itself, which a test looks for.
func (c *catalogue) say(key string, args ...any) string {
	text, ok := c.text[key]
	if !ok {
		return "[" + key + "]"
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", fmt.Sprint(a))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// count gives the form of a sentence for a number (CLDR plural rules); {0} is the number.
func (c *catalogue) count(key string, n int) string {
	form := ".other"
	if plural.Cardinal.MatchPlural(c.tag, n, 0, 0, 0, 0) == plural.One {
		form = ".one"
	}
	return c.say(key+form, n)
}

// moment writes a time for readers, in UTC.
func (c *catalogue) moment(t time.Time) string {
	t = t.UTC()
	return c.day(t) + ", " + t.Format("15:04") + " UTC"
}

func (c *catalogue) day(t time.Time) string {
	if c.lang == "fr" && t.Day() == 1 {
		return fmt.Sprintf("1er %s %d", c.say("month."+strconv.Itoa(int(t.Month()))), t.Year())
	}
	return fmt.Sprintf("%d %s %d", t.Day(), c.say("month."+strconv.Itoa(int(t.Month()))), t.Year())
}

func (p *portal) langCookie() string {
	if p.c.Secure {
		return "__Host-lang"
	}
	return "iconet-lang"
}

// language chooses by the address, then the cookie, then what the browser asks for. What the address chose is kept.
func (p *portal) language(w http.ResponseWriter, r *http.Request) *catalogue {
	if c := p.messages[r.URL.Query().Get("lang")]; c != nil {
		http.SetCookie(w, &http.Cookie{Name: p.langCookie(), Value: c.lang, Path: "/", Secure: p.c.Secure, HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: 365 * 24 * 3600})
		return c
	}
	if k, err := r.Cookie(p.langCookie()); err == nil && p.messages[k.Value] != nil {
		return p.messages[k.Value]
	}
	_, i := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	return p.messages[languages[i]]
}
