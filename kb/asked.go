package kb

import (
	"embed"
	"strings"
)

//go:embed asked/*.txt
var askedFiles embed.FS

// Asked returns a dozen questions of the kind that any help center gets, in each language. Beside the
// titles of the articles their vectors tell what all questions of a language have in common, also
// where the titles are few, or are no questions at all.
func Asked() map[Lang][]string {
	all := map[Lang][]string{}
	for _, l := range Langs {
		raw, err := askedFiles.ReadFile("asked/" + string(l) + ".txt")
		if err != nil {
			panic(err) // it is built in
		}
		all[l] = strings.Split(strings.TrimSpace(string(raw)), "\n")
	}
	return all
}
