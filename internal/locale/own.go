package locale

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"guichet/kb"
)

// directionKey is how a language is written, "ltr" or "rtl": pages put it into their markup.
const directionKey = "site.dir"

var placeholders = regexp.MustCompile(`\{\w+\}`)

// onlyLanguages refuses a JSON file that no language would ever read, because its name is mistyped.
func onlyLanguages(own fs.FS) error {
	if own == nil {
		return nil
	}
	entries, err := fs.ReadDir(own, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		lang, isJSON := strings.CutSuffix(e.Name(), ".json")
		if isJSON && !slices.Contains(kb.Langs[:], kb.Lang(lang)) {
			return fmt.Errorf("%s: %q is none of the languages %v", e.Name(), lang, kb.Langs)
		}
	}
	return nil
}

// overlay lays the texts of the file name in own, where there is one, over texts. They must fit:
// a key that is there, its plural forms, and none but its placeholders.
func overlay(texts map[string]Text, own fs.FS, name string) error {
	if own == nil {
		return nil
	}
	mine, err := readCatalog(own, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, key := range slices.Sorted(maps.Keys(mine)) {
		if err := fits(key, texts[key], mine[key]); err != nil {
			return fmt.Errorf("%s: %s: %w", name, key, err)
		}
		texts[key] = mine[key]
	}
	return nil
}

// fits says whether mine may stand where built stands.
func fits(key string, built, mine Text) error {
	if built == nil {
		return errors.New("there is no text of this name in this language")
	}
	if want, got := slices.Sorted(maps.Keys(built)), slices.Sorted(maps.Keys(mine)); !slices.Equal(want, got) {
		return fmt.Errorf("it has the plural forms %v, want %v", got, want)
	}
	for _, form := range slices.Sorted(maps.Keys(mine)) {
		text := mine[form]
		if strings.TrimSpace(text) == "" {
			return fmt.Errorf("the form %q is empty", form)
		}
		for _, p := range placeholders.FindAllString(text, -1) {
			if !strings.Contains(built["other"], p) {
				return fmt.Errorf("nothing will be filled in for %s", p)
			}
		}
	}
	if key == directionKey && mine["other"] != "ltr" && mine["other"] != "rtl" {
		return fmt.Errorf("it is %q, want ltr or rtl", mine["other"])
	}
	return nil
}
