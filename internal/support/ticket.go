package support

import (
	"time"

	"guichet/kb"
)

// Owner of a conversation. Someone always owns it.
type Owner string

// The owners, in the order in which a conversation usually meets them.
const (
	OwnerAssistant Owner = "assistant"
	OwnerQueue     Owner = "queue"
	OwnerHuman     Owner = "human"
	OwnerClosed    Owner = "closed"
)

// Conversation is the thread a member opened, whoever answers in it.
type Conversation struct {
	ID        ConversationID
	Lang      kb.Lang
	Site      string
	Owner     Owner
	Epoch     int // raised by each change of owner; a machine answer of an older epoch is discarded
	CreatedAt time.Time
	Member    MemberID // whose it is; "" for a guest's
	Subject   Subject  // what it is about; zero for nothing in particular
}

// EntryKind is what an entry is.
type EntryKind string

// The kinds of entries.
const (
	EntryMessage EntryKind = "message"
	EntryNote    EntryKind = "note"   // staff only
	EntryAnswer  EntryKind = "answer" // of the assistant; Data is its AnswerData
	EntryStatus  EntryKind = "status" // Data is its StatusData
)

// Author of an entry.
type Author string

// The authors.
const (
	AuthorMember    Author = "member"
	AuthorAssistant Author = "assistant"
	AuthorAgent     Author = "agent"
	AuthorSystem    Author = "system"
)

// Entry is one element of a thread. Seq counts all of them, PubSeq those that members see (0:
// staff only); each is gap-free in its own view.
type Entry struct {
	Seq, PubSeq int64
	Kind        EntryKind
	Author      Author
	Agent       AgentID // of an agent's entry
	AgentName   string
	Channel     Channel
	ClientID    string // unique per conversation and author; "" for entries nobody retries
	Body        string
	Data        []byte       // JSON, by Kind; nil for none
	Files       []Attachment // that were sent with it, where a thread is read
	CreatedAt   time.Time
}

// StatusData is the Data of a status entry: of a change of the ticket's status, of the conversation's
// owner, or of both. Each reader's language says it; the body is empty, but for what was agreed
// where an agent hands back.
type StatusData struct {
	From   Status `json:"from,omitempty"`
	To     Status `json:"to,omitempty"`    // "" where the status stays
	Owner  Owner  `json:"owner,omitempty"` // "" where the owner stays
	Team   string `json:"team,omitempty"`  // name of the team that it was brought to
	Reason string `json:"reason,omitempty"`
}

// The reasons of a status entry.
const (
	ReasonHeld       = "held"     // the request waits for proof of its address
	ReasonSent       = "sent"     // it was brought to its team at once
	ReasonProven     = "proven"   // its address was proven, and it was brought to its team
	ReasonReleased   = "released" // an agent brought it there
	ReasonReopened   = "reopened"
	ReasonTaken      = "taken"       // an agent has it now
	ReasonHandedBack = "handed_back" // an agent gave the conversation back to the assistant; the body says what was agreed
)

// AssignData is the Data of a note that says who has a ticket now. Its body stays empty.
type AssignData struct {
	From     AgentID `json:"from,omitempty"` // "" for nobody
	To       AgentID `json:"to,omitempty"`   // "" for nobody
	FromName string  `json:"from_name,omitempty"`
	ToName   string  `json:"to_name,omitempty"`
}

// AnswerData is the Data of an assistant's entry: what was said and cited, so that an agent sees it
// and a member can open it again, also when the answer itself is past its keeping.
type AnswerData struct {
	Answer     AnswerID       `json:"answer"`
	Outcome    string         `json:"outcome"`
	Lang       kb.Lang        `json:"lang,omitempty"` // "" in entries of before it was kept, like what follows
	Confidence float64        `json:"confidence,omitempty"`
	Sentences  []SaidSentence `json:"sentences,omitempty"`
	Citations  []CitedRef     `json:"citations,omitempty"`
	Choices    []SaidChoice   `json:"choices,omitempty"`
	Related    []kb.ArticleID `json:"related,omitempty"`
	Handoff    string         `json:"handoff,omitempty"`  // why a person came first
	Courtesy   string         `json:"courtesy,omitempty"` // what the message was that asked nothing
	About      *SaidSubject   `json:"about,omitempty"`    // what was told of the member's order or object

	Spoken     kb.Lang          `json:"spoken,omitempty"` // of the sentences, where it is another than Lang
	Translated *SaidTranslation `json:"translated,omitempty"`
	Joined     []string         `json:"joined,omitempty"` // client ids of the other messages that it answers
}

// SaidTranslation is what a machine made of an answer's sentences in the question's language.
type SaidTranslation struct {
	Sentences []string `json:"sentences"` // one for each of the answer's
	Model     string   `json:"model"`
}

// SaidSentence is a sentence of an answer and the numbers of the citations it stands on.
type SaidSentence struct {
	Text      string `json:"text"`
	Citations []int  `json:"citations"`
}

// SaidChoice is one reading of a question that could mean several things.
type SaidChoice struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

// CitedRef is one citation as it is kept in a thread.
type CitedRef struct {
	N       int          `json:"n"`
	Article kb.ArticleID `json:"article"`
	Version int          `json:"version,omitempty"`
	Title   string       `json:"title"`
	Heading string       `json:"heading,omitempty"`
	Quote   string       `json:"quote"`
	Path    string       `json:"path"` // of the page, from the root
}

// Channel is a way to a person.
type Channel string

// The channels.
const (
	ChannelEmail    Channel = "email"
	ChannelChat     Channel = "chat"
	ChannelCallback Channel = "callback"
	ChannelWeb      Channel = "web" // of an entry written on a page
)

// Status of a ticket, as staff see it.
type Status string

// The statuses of a ticket.
const (
	StatusNew               Status = "new"
	StatusOpen              Status = "open"
	StatusWaitingMember     Status = "waiting_member"
	StatusWaitingThirdParty Status = "waiting_third_party"
	StatusSolved            Status = "solved"
	StatusClosed            Status = "closed"
	StatusSpam              Status = "spam"
	StatusMerged            Status = "merged"
)

// Public is the word's key that members see for the status: received, in_progress, waiting, solved
// or closed.
func (s Status) Public() string {
	switch s {
	case StatusNew:
		return "received"
	case StatusOpen, StatusWaitingThirdParty:
		return "in_progress"
	case StatusWaitingMember:
		return "waiting"
	case StatusSolved:
		return "solved"
	}
	return "closed"
}

// Ticket is the work item on a conversation.
type Ticket struct {
	ID            TicketID
	Ref           string
	Conversation  ConversationID
	Status        Status
	Category      string
	Channel       Channel
	Lang          kb.Lang
	Subject       string
	Email         string
	EmailProvenAt time.Time // zero: nobody has shown that the address is theirs
	HeldAt        time.Time // zero: not held
	HeldReason    string
	Assignee      AgentID  // who works on it; "" for nobody yet
	Member        MemberID // whose it is; "" for a guest's
	Team          TeamID   // that it is brought to
	Priority      Priority
	About         Subject           // the member's order or object; zero for nothing in particular
	Fields        map[string]string // of the category, by key, in the form they are kept
	SLA           SLAClock
	PromisedAt    time.Time // first answer by: what SLA.FirstDue says; zero while held
	SolvedAt      time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Follows       TicketID // the request that this one takes up again; "" for none
}

// On returns t with its clocks as they stand after something.
func (t Ticket) On(k SLAClock) Ticket {
	t.SLA, t.PromisedAt = k, k.FirstDue
	return t
}

// Held reports whether the ticket waits for proof of its address: no team sees it, no clock runs.
func (t Ticket) Held() bool { return !t.HeldAt.IsZero() }

// Reopens reports whether whoever asked may have a solved ticket worked on again; after 14 days they
// take it up in another one.
func (t Ticket) Reopens(now time.Time) bool {
	return t.Status == StatusSolved && now.Sub(t.SolvedAt) <= ReopenWithin
}

// Over reports whether the ticket can be taken up again in another one alone.
func (t Ticket) Over(now time.Time) bool {
	return t.Status == StatusClosed || t.Status == StatusSolved && !t.Reopens(now)
}

// PublicStatuses are the words that members see for a status, by their keys, in the order of a request's life.
var PublicStatuses = []string{"received", "in_progress", "waiting", "solved", "closed"}

// ShownAs are the statuses that members see as one word; "open" stands for the first three words. It is
// nil for what is no word.
func ShownAs(word string) (out []Status) {
	for _, s := range []Status{StatusNew, StatusOpen, StatusWaitingMember, StatusWaitingThirdParty, StatusSolved, StatusClosed, StatusSpam, StatusMerged} {
		public := s.Public()
		if public == word || word == "open" && public != "solved" && public != "closed" {
			out = append(out, s)
		}
	}
	return out
}
