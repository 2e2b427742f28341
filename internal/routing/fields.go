package routing

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/currency"

	"guichet/internal/problem"
	"guichet/internal/support"
	"guichet/kb"
)

// Bounds of what members write in a category's fields.
const (
	MaxFieldText = 500 // characters
	maxReference = 100
)

// CheckFields reads what a member wrote in a category's fields, by their keys, in a language: it says
// how amounts are written. clean holds what is there, in the form it is kept: text as it is, dates as
// "2006-01-02", amounts as "12.50 EUR", yes or no, a choice's key. missing are the keys of required
// fields that are empty, which is no error: they can be asked for later. What belongs to no field of
// the category is left out, since an admin may have taken the field away meanwhile. Errors: Invalid
// names every wrong field as fields.<key>.
func CheckFields(c support.Category, l kb.Lang, values map[string]string, now time.Time) (clean map[string]string, missing []string, err error) {
	clean = map[string]string{}
	var w wrongs
	for _, f := range c.Fields {
		v := strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(strings.ReplaceAll(values[f.Key], "\x00", ""), "\uFFFD"), "\r\n", "\n"))
		if v == "" {
			if f.Required {
				missing = append(missing, f.Key)
			}
			continue
		}
		got, key, args := readField(f, l, v, now)
		if key != "" {
			w.add("fields."+f.Key, key, args)
			continue
		}
		clean[f.Key] = got
	}
	if len(w) > 0 {
		return clean, missing, &problem.Error{Kind: problem.Invalid, Key: "problem.invalid", Fields: w}
	}
	return clean, missing, nil
}

// readField reads one value; key says what is wrong with it.
func readField(f support.CategoryField, l kb.Lang, v string, now time.Time) (clean, key string, args map[string]any) {
	max := MaxFieldText
	if f.Type != support.FieldText {
		max = maxReference
	}
	if n := utf8.RuneCountInString(v); n > max {
		return "", "problem.too_long", map[string]any{"max": max, "n": n}
	}
	switch f.Type {
	case support.FieldDate:
		return readDate(v, now)
	case support.FieldAmount:
		return readAmount(v, l)
	case support.FieldYesNo:
		if v != "yes" && v != "no" {
			return "", "problem.field_yes_no", nil
		}
	case support.FieldChoice:
		if !slices.Contains(f.Choices, v) {
			return "", "problem.field_choice", nil
		}
	case support.FieldOrder, support.FieldReference:
		if strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return "", "problem.field_reference", nil
		}
		v = strings.Join(strings.Fields(v), " ")
	}
	return v, "", nil
}

// eastmost is where a day begins first: a date is in the future only where it is one everywhere.
var eastmost = time.FixedZone("", 14*3600)

func readDate(v string, now time.Time) (string, string, map[string]any) {
	t, err := time.Parse(time.DateOnly, v)
	switch {
	case err != nil || t.Year() < 1900:
		return "", "problem.field_date", nil
	case v > now.In(eastmost).Format(time.DateOnly):
		return "", "problem.field_future", nil
	}
	return v, "", nil
}

// signs are the signs of currencies that have one of their own.
var signs = map[string]string{"€": "EUR", "£": "GBP", "zł": "PLN", "₽": "RUB", "₺": "TRY", "₴": "UAH"}

var amount = regexp.MustCompile(`^(?:(\pL{2,3}|\p{Sc})\s*)?([0-9][0-9.,'’\s]*?)\s*(\pL{2,3}|\p{Sc})?$`)

// readAmount reads "12.50 EUR", and what people write instead: "1 234,50 €", "EUR 12".
func readAmount(v string, l kb.Lang) (string, string, map[string]any) {
	m := amount.FindStringSubmatch(strings.Join(strings.Fields(v), " ")) // narrow spaces too
	if m == nil || m[1] != "" && m[3] != "" {
		return "", "problem.field_amount", nil
	}
	code := strings.ToUpper(m[1] + m[3])
	if s, ok := signs[strings.ToLower(m[1]+m[3])]; ok {
		code = s
	}
	unit, err := currency.ParseISO(code)
	if err != nil || code == "XXX" || code == "XTS" {
		return "", "problem.field_currency", nil
	}
	decimals, _ := currency.Standard.Rounding(unit)
	whole, part, ok := splitNumber(m[2], l, decimals)
	if !ok || len(whole) > 12 || strings.Trim(whole+part, "0") == "" {
		return "", "problem.field_amount", nil
	}
	if decimals == 0 {
		return whole + " " + code, "", nil
	}
	return fmt.Sprintf("%s.%s %s", whole, part+strings.Repeat("0", decimals-len(part)), code), "", nil
}

// grouping is the sign between thousands, beside spaces; the other one of "." and "," is before
// decimals.
func grouping(l kb.Lang) string {
	if l == kb.English || l == kb.Chinese {
		return ","
	}
	return "."
}

// splitNumber takes a number apart. Where only one sign stands in it, once, and three digits follow,
// the language says which it is.
func splitNumber(s string, l kb.Lang, decimals int) (whole, part string, ok bool) {
	s = strings.NewReplacer("'", "", "’", "").Replace(strings.Join(strings.Fields(s), ""))
	at := strings.LastIndexAny(s, ".,")
	if at < 0 {
		return trimZeros(s), "", true
	}
	sign, after := s[at:at+1], s[at+1:]
	group := strings.Count(s, sign) > 1 || len(after) == 3 && sign == grouping(l) && !strings.ContainsAny(s[:at], ".,")
	if group {
		if len(after) != 3 || strings.ContainsAny(strings.ReplaceAll(s, sign, ""), ".,") {
			return "", "", false
		}
		return trimZeros(strings.ReplaceAll(s, sign, "")), "", true
	}
	if after == "" || len(after) > decimals {
		return "", "", false
	}
	return trimZeros(strings.NewReplacer(".", "", ",", "").Replace(s[:at])), after, true
}

func trimZeros(s string) string {
	if s = strings.TrimLeft(s, "0"); s == "" {
		return "0"
	}
	return s
}
