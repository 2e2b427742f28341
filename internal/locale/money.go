package locale

import (
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"guichet/kb"
)

// symbols of currencies that every reader knows by one; others are written by their code.
var symbols = map[string]string{"EUR": "€", "USD": "US$", "GBP": "£", "PLN": "zł", "CNY": "¥"}

// Money writes an amount in minor units of a currency, as the language does: « 180,00 € », « €180.00 ».
// The space that no line may be broken at is U+00A0.
func (p *Printer) Money(minor int64, code string) string {
	digits := 2
	if unit, err := currency.ParseISO(code); err == nil {
		digits, _ = currency.Standard.Rounding(unit)
	}
	v := float64(minor)
	for range digits {
		v /= 10
	}
	sign := ""
	if v < 0 {
		sign, v = "−", -v
	}
	amount := message.NewPrinter(language.MustParse(p.lang.Tag())).Sprint(number.Decimal(v, number.Scale(digits)))
	if p.lang == kb.French { // as the Imprimerie nationale sets thousands
		amount = strings.ReplaceAll(amount, "\u00a0", "\u202f")
	}
	symbol, known := symbols[code]
	if !known {
		symbol = code
	}
	switch {
	case p.lang != kb.English && p.lang != kb.Chinese && p.lang != kb.Dutch:
		return sign + amount + "\u00a0" + symbol
	case p.lang == kb.Dutch || !known:
		return sign + symbol + "\u00a0" + amount
	}
	return sign + symbol + amount
}
