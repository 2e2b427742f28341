package routing

import (
	"guichet/internal/support"
	"guichet/kb"
)

// Text is what a category says in a language, whole: what admins wrote there, else the built-in text,
// else what admins wrote in another language, English first; a key where nobody has written anything.
func (s *Service) Text(c support.Category, l kb.Lang) support.CategoryText {
	say := func(builtIn, key string, of func(support.CategoryText) string) string {
		if t := of(c.Texts[l]); t != "" {
			return t
		}
		if t, ok := s.texts[l][builtIn].(string); ok {
			return t
		}
		for _, other := range kb.Langs {
			if t := of(c.Texts[other]); t != "" {
				return t
			}
		}
		return key
	}
	out := support.CategoryText{Fields: map[string]string{}, Choices: map[string]string{}}
	out.Label = say("category."+string(c.Key), string(c.Key), func(t support.CategoryText) string { return t.Label })
	out.Hint = say("category_hint."+string(c.Key), "", func(t support.CategoryText) string { return t.Hint })
	for _, f := range c.Fields {
		out.Fields[f.Key] = say("category_field."+f.Key, f.Key, func(t support.CategoryText) string { return t.Fields[f.Key] })
		for _, k := range f.Choices {
			out.Choices[k] = say("", k, func(t support.CategoryText) string { return t.Choices[k] })
		}
	}
	return out
}

// BuiltIn is what the catalogs say of a category in a language: the texts that hold where admins wrote
// none.
func (s *Service) BuiltIn(c support.Category, l kb.Lang) support.CategoryText {
	say := func(key string) string {
		t, _ := s.texts[l][key].(string)
		return t
	}
	out := support.CategoryText{Label: say("category." + string(c.Key)), Hint: say("category_hint." + string(c.Key)), Fields: map[string]string{}}
	for _, f := range c.Fields {
		out.Fields[f.Key] = say("category_field." + f.Key)
	}
	return out
}
