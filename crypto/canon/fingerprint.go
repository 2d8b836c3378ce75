package canon

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// Fingerprint gives 32 characters in groups of four for reading aloud: base32 (RFC 4648) of the first 20 bytes of b's
// SHA-256.
func Fingerprint(b []byte) string {
	sum := sha256.Sum256(b)
	var groups []string
	for text := base32.StdEncoding.EncodeToString(sum[:20]); text != ""; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(groups, " ")
}
