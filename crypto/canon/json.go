package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxDepth bounds the nesting of foreign JSON.
const maxDepth = 8

// JSON decodes b into v as encoding/json does, but only if b is at most most bytes of UTF-8 holding one value, nested at
// most 8 deep, without duplicate or unknown keys. Keys are ASCII without capitals, because encoding/json takes "Name" for
// "name" and the two would hide a duplicate. Errors wrap [ErrLayout] and never quote values.
func JSON(b []byte, most int, v any) error {
	if len(b) > most {
		return fmt.Errorf("reading %d bytes of JSON where %d are allowed: %w", len(b), most, ErrLayout)
	}
	if !utf8.Valid(b) {
		return fmt.Errorf("reading JSON that is not UTF-8: %w", ErrLayout)
	}
	scan := json.NewDecoder(bytes.NewReader(b))
	scan.UseNumber()
	if err := scanValue(scan, 0); err != nil {
		return fmt.Errorf("reading JSON: %w: %w", err, ErrLayout)
	}
	if _, err := scan.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading JSON with something after its end: %w", ErrLayout)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("reading JSON: %w: %w", unquoted(err), ErrLayout)
	}
	return nil
}

// unquoted takes the value out of an error of encoding/json.
func unquoted(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("a value of another kind where a %s belongs", kind.Type)
	}
	return err
}

// lower reports whether a key is ASCII without capitals.
func lower(key string) bool {
	for i := range len(key) {
		if c := key[i]; c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

// scanValue walks one value, counting depth and remembering the keys of each object.
func scanValue(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("nested more than %d deep", maxDepth)
	}
	keys := map[string]bool{}
	for d.More() {
		if open == '{' {
			k, err := d.Token()
			if err != nil {
				return err
			}
			name, _ := k.(string)
			if keys[name] {
				return errors.New("a key occurs twice")
			}
			if !lower(name) {
				return errors.New("a key with a capital or outside ASCII")
			}
			keys[name] = true
		}
		if err := scanValue(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
