package screening

import (
	"regexp"
	"strings"
)

var (
	zonePattern   = regexp.MustCompile(`[A-Z0-9<]{30,44}`)
	phonePattern  = regexp.MustCompile(`(?:\+|\b00)[ \x{a0}]?[1-9][0-9]{0,2}[ \x{a0}.\-/()]*(?:[0-9][ \x{a0}.\-/()]*){6,12}[0-9]`)
	mailPattern   = regexp.MustCompile(`[\p{L}0-9._%+\-]+@[\p{L}0-9\-]+\.[\p{L}0-9.\-]*\p{L}{2,}`)
	handlePattern = regexp.MustCompile(`(?:^|[\s(])(@[A-Za-z0-9_]{3,30})\b`)
	linkPattern   = regexp.MustCompile(`(?i)\b(?:https?://)?(?:www\.)?(?:facebook|instagram|tiktok|telegram|twitter|linkedin|vk)\.(?:com|org|me)/[\w.\-@/]+|\bt\.me/[\w\-+/]+|\bwa\.me/[0-9]+`)
	ibanPattern   = regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b`)
	cardPattern   = regexp.MustCompile(`\b(?:[0-9][ \-]?){12,18}[0-9]\b`)
	walletPattern = regexp.MustCompile(`\b(?:bc1[a-z0-9]{25,60}|0x[a-fA-F0-9]{40})\b`)
	imeiPattern   = regexp.MustCompile(`\b[0-9]{2}[ \-]?[0-9]{6}[ \-]?[0-9]{6}[ \-]?[0-9]\b`)
	macPattern    = regexp.MustCompile(`\b[0-9A-Fa-f]{2}(?:[:\-][0-9A-Fa-f]{2}){5}\b`)
	ip4Pattern    = regexp.MustCompile(`\b(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}\b`)
	numberPattern = regexp.MustCompile(`(?i)\b(?:passport|passeport|reisepass|passaporto|pasaporte|paszport|identity card|carte d'identité|personalausweis|visa|id card|id|document)\s*(?:no|nr|n°|nº|number|numéro|nummer|num|#)?[.:]*\s*([A-Z0-9]{6,10})\b`)
)

// findZones finds lines of machine-readable zones whose check digits are right (ICAO Doc 9303, parts 4 to 6).
func findZones(text string, t traits) (out [][2]int) {
	if t.zone < 30 {
		return nil
	}
	for _, at := range zonePattern.FindAllStringIndex(text, -1) {
		line := text[at[0]:at[1]]
		if (len(line) == 44 || len(line) == 36 || len(line) == 30) && zoneLine(line) {
			out = append(out, [2]int(at))
		}
	}
	return out
}

// zoneLine reports whether a line has the fields of a zone: names behind a document code, or numbers with check digits.
func zoneLine(line string) bool {
	if strings.Contains(line, "<<") && strings.ContainsRune("PAICV", rune(line[0])) && !strings.ContainsAny(line[2:5], "0123456789") && len(line) != 30 {
		return true
	}
	switch len(line) {
	case 44, 36: // TD3, TD2: number, birth, expiry
		return checked(line[0:9], line[9]) && checked(line[13:19], line[19]) && checked(line[21:27], line[27])
	default: // TD1: second line has birth and expiry; first line the number
		return checked(line[0:6], line[6]) && checked(line[8:14], line[14]) || checked(line[5:14], line[14]) && strings.ContainsRune("IAC", rune(line[0]))
	}
}

// checked compares a check digit: weights 7, 3, 1, letters from 10, "<" is 0, sum modulo 10.
func checked(field string, digit byte) bool {
	if digit < '0' || digit > '9' {
		return false
	}
	sum := 0
	for i := range len(field) {
		v := 0
		switch c := field[i]; {
		case c >= '0' && c <= '9':
			v = int(c - '0')
		case c >= 'A' && c <= 'Z':
			v = int(c-'A') + 10
		}
		sum += v * [3]int{7, 3, 1}[i%3]
	}
	return sum%10 == int(digit-'0')
}

// findDocumentNumbers finds 6 to 10 letters and digits, five of them digits at least, beside the word for a document.
func findDocumentNumbers(text string, t traits) (out [][2]int) {
	if t.wordDigits < 5 {
		return nil
	}
	for _, m := range numberPattern.FindAllStringSubmatchIndex(text, -1) {
		if digits(text[m[2]:m[3]]) >= 5 {
			out = append(out, [2]int{m[2], m[3]})
		}
	}
	return out
}

func digits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// findPhones finds numbers in international form (ITU-T E.164): a plus or 00, a country code, 8 to 15 digits in all.
func findPhones(text string, t traits) (out [][2]int) {
	if t.digits < 8 || !t.plus && !t.zeros {
		return nil
	}
	for _, at := range phonePattern.FindAllStringIndex(text, -1) {
		if n := digits(text[at[0]:at[1]]); n >= 8 && n <= 17 {
			out = append(out, [2]int(at))
		}
	}
	return out
}

// findAddresses finds mail addresses, account handles and profile links.
func findAddresses(text string, t traits) (out [][2]int) {
	if t.at {
		out = appendAll(out, mailPattern, text)
	}
	if t.slash && t.dots > 0 {
		out = appendAll(out, linkPattern, text)
	}
	if t.at {
		for _, m := range handlePattern.FindAllStringSubmatchIndex(text, -1) {
			out = append(out, [2]int{m[2], m[3]})
		}
	}
	return out
}

func appendAll(out [][2]int, p *regexp.Regexp, text string) [][2]int {
	for _, at := range p.FindAllStringIndex(text, -1) {
		out = append(out, [2]int(at))
	}
	return out
}

// findAccounts finds bank accounts (ISO 13616, remainder 1 of 97), cards (ISO/IEC 7812, Luhn) and wallets.
func findAccounts(text string, t traits) (out [][2]int) {
	if t.lettersThenDigits {
		out = findIBANs(text)
	}
	if t.digits >= 13 {
		out = append(out, findCards(text)...)
	}
	if t.hexadecimal {
		out = appendAll(out, walletPattern, text)
	}
	return out
}

func findIBANs(text string) (out [][2]int) {
	for _, at := range ibanPattern.FindAllStringIndex(text, -1) {
		match := text[at[0]:at[1]]
		n := len(match)
		if length, ok := ibanLengths[match[:2]]; ok {
			n = upTo(match, length)
		}
		if n > 0 && iban(strings.ReplaceAll(match[:n], " ", "")) {
			out = append(out, [2]int{at[0], at[0] + n})
		}
	}
	return out
}

// upTo gives the length of the beginning of a match that holds n characters besides spaces and hyphens and ends where a
// word ends, or 0: a pattern also takes the word or the date that follows a number.
func upTo(match string, n int) int {
	for i := range len(match) {
		if c := match[i]; c == ' ' || c == '-' {
			continue
		}
		if n--; n == 0 {
			if i+1 == len(match) || match[i+1] == ' ' || match[i+1] == '-' {
				return i + 1
			}
			return 0
		}
	}
	return 0
}

// ibanLengths are the lengths of account numbers by country (ISO 13616 registry); those of other countries are taken whole.
var ibanLengths = map[string]int{"AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18,
	"FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MT": 31, "NL": 18,
	"NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "TR": 26}

func findCards(text string) (out [][2]int) {
	for _, at := range cardPattern.FindAllStringIndex(text, -1) {
		match := text[at[0]:at[1]]
		for _, n := range []int{len(match), upTo(match, 16), upTo(match, 15)} {
			if n > 0 && card(onlyDigits(match[:n])) {
				out = append(out, [2]int{at[0], at[0] + n})
				break
			}
		}
	}
	return out
}

// card reports whether digits are those of a payment card: the first digits and lengths in use, and the sum.
func card(number string) bool {
	if len(number) == 15 {
		return (strings.HasPrefix(number, "34") || strings.HasPrefix(number, "37")) && luhn(number)
	}
	return len(number) >= 13 && len(number) <= 19 && strings.ContainsRune("23456", rune(number[0])) && luhn(number)
}

// iban computes the remainder of ISO 7064, MOD 97-10.
func iban(s string) bool {
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	rem := 0
	for _, c := range s[4:] + s[:4] {
		switch {
		case c >= '0' && c <= '9':
			rem = (rem*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rem = (rem*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rem == 1
}

func onlyDigits(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// luhn checks the sum of ISO/IEC 7812-1, annex B.
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// findDevices finds device numbers (IMEI with its Luhn digit), hardware addresses and internet addresses.
func findDevices(text string, t traits) (out [][2]int) {
	if t.digits >= 15 {
		for _, at := range imeiPattern.FindAllStringIndex(text, -1) {
			if number := onlyDigits(text[at[0]:at[1]]); number != "000000000000000" && luhn(number) {
				out = append(out, [2]int(at))
			}
		}
	}
	if t.colons >= 5 || t.dashes >= 5 {
		out = appendAll(out, macPattern, text)
	}
	if t.dots >= 3 && t.digits >= 4 {
		out = appendAll(out, ip4Pattern, text)
	}
	return out
}
