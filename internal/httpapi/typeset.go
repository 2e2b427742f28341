package httpapi

import (
	"strings"

	"guichet/kb"
)

// french holds together what French writes with a space and never breaks: guillemets and the signs
// that are two strokes high. Articles are typed with plain spaces, and stay so: a quote must stand in
// its article as it was typed.
var french = strings.NewReplacer("« ", "«\u00a0", " »", "\u00a0»", " :", "\u00a0:", " ;", "\u202f;", " ?", "\u202f?", " !", "\u202f!")

// typeset is a text of a language as it is shown.
func typeset(l kb.Lang, text string) string {
	if l == kb.French {
		return french.Replace(text)
	}
	return text
}
