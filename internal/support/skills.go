package support

import (
	"slices"

	"guichet/kb"
)

// Skills are what an agent takes on. The zero Skills are those of somebody for whom nobody has decided
// yet: e-mail alone, in every language and every team.
type Skills struct {
	Teams    []TeamID        // that the agent works in; none means all
	Langs    []kb.Lang       // that the agent speaks
	Capacity map[Channel]int // how many at once, by channel that the agent takes; for e-mail zero is no bound
}

// Takes reports whether the agent takes requests by a channel in a language. Who has said no language
// answers e-mail in any, and neither chats nor calls.
func (s Skills) Takes(c Channel, l kb.Lang) bool {
	if s.Capacity == nil {
		return c == ChannelEmail
	}
	if _, ok := s.Capacity[c]; !ok {
		return false
	}
	return slices.Contains(s.Langs, l) || c == ChannelEmail && len(s.Langs) == 0
}

// In reports whether the agent works in a team.
func (s Skills) In(t TeamID) bool { return len(s.Teams) == 0 || slices.Contains(s.Teams, t) }
