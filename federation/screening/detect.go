package screening

import (
	"regexp"
	"strings"
)

var (
	zonePattern   = regexp.MustCompile(`[A-Z0-9<]{30,44}`)
	phonePattern  = regexp.MustCompile(`(?:\+|\b00)[1-9][0-9]{0,2}[ .\-/()]*(?:[0-9][ .\-/()]*){6,12}[0-9]`)
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
		if iban(strings.ReplaceAll(text[at[0]:at[1]], " ", "")) {
			out = append(out, [2]int(at))
		}
	}
	return out
}

func findCards(text string) (out [][2]int) {
	for _, at := range cardPattern.FindAllStringIndex(text, -1) {
		number := onlyDigits(text[at[0]:at[1]])
		if strings.ContainsRune("23456", rune(number[0])) && len(number) != 15 && luhn(number) {
			out = append(out, [2]int(at))
		}
	}
	return out
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
