package screening

import "unicode"

// traits are what one look at a text tells. Each detector names the traits without which it cannot find anything, so that
// plain sentences cost one pass instead of a dozen regular expressions.
type traits struct {
	digits, dots, colons, dashes   int
	at, plus, zeros, slash         bool // "@", "+", "00", "/"
	capitals                       bool // two capitals side by side, in any script
	zone                           int  // longest run of A-Z, 0-9 and <
	wordDigits                     int  // most digits in one run of ASCII letters and digits
	lettersThenDigits, hexadecimal bool // "AB12", "0x" or "bc1"
}

func traitsOf(text string) traits {
	var t traits
	var run, inWord int
	var a, b, c rune // the three characters before
	for _, r := range text {
		digit, capital := r >= '0' && r <= '9', r >= 'A' && r <= 'Z'
		switch {
		case digit:
			t.digits++
			inWord++
		case !capital && (r < 'a' || r > 'z'):
			inWord = 0
		}
		if digit || capital || r == '<' {
			run++
		} else {
			run = 0
		}
		t.zone, t.wordDigits = max(t.zone, run), max(t.wordDigits, inWord)
		switch r {
		case '.':
			t.dots++
		case ':':
			t.colons++
		case '-':
			t.dashes++
		case '@':
			t.at = true
		case '+':
			t.plus = true
		case '/':
			t.slash = true
		case '0':
			t.zeros = t.zeros || c == '0'
		case 'x':
			t.hexadecimal = t.hexadecimal || c == '0'
		case '1':
			t.hexadecimal = t.hexadecimal || b == 'b' && c == 'c'
		}
		t.capitals = t.capitals || unicode.IsUpper(r) && unicode.IsUpper(c)
		t.lettersThenDigits = t.lettersThenDigits || digit && c >= '0' && c <= '9' && b >= 'A' && b <= 'Z' && a >= 'A' && a <= 'Z'
		a, b, c = b, c, r
	}
	return t
}
