package handoff_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/internal/handoff"
	"guichet/internal/support"
	"guichet/kb"
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func find(options []support.ContactOption, c support.Channel) *support.ContactOption {
	for i := range options {
		if options[i].Channel == c {
			return &options[i]
		}
	}
	return nil
}

// chatHours are those of the tests' chat team: every day, with a lunch, and a night from Saturday on that
// both changes of the clocks fall into.
func chatHours() support.Calendar {
	c := support.Calendar{Name: "chat", Zone: "Europe/Paris"}
	for d := range c.Weekly {
		c.Weekly[d] = []support.Interval{{From: 9 * 60, To: 12 * 60}, {From: 13*60 + 30, To: 17 * 60}}
	}
	c.Weekly[time.Saturday] = []support.Interval{{From: 10 * 60, To: 12 * 60}, {From: 22 * 60, To: 26*60 + 30}}
	c.Weekly[time.Sunday] = nil
	c.Holidays = []support.Day{{Date: "2026-03-31", Name: "a Tuesday"}, {Date: "2026-10-27", Name: "a Tuesday"}}
	return c
}

// wallOpen says by looking at the clock in Paris whether chatHours are open.
func wallOpen(paris time.Time) bool {
	hour := float64(paris.Hour()) + float64(paris.Minute())/60
	switch day := paris.Format("2006-01-02"); {
	case day == "2026-03-31" || day == "2026-10-27":
		return false
	case paris.Weekday() == time.Saturday:
		return hour >= 10 && hour < 12 || hour >= 22
	case paris.Weekday() == time.Sunday:
		return hour < 2.5
	default:
		return hour >= 9 && hour < 12 || hour >= 13.5 && hour < 17
	}
}

// mailOpen says whether somebody answers mails: Monday to Friday, nine to six.
func mailOpen(paris time.Time) bool {
	return paris.Weekday() != time.Saturday && paris.Weekday() != time.Sunday && paris.Hour() >= 9 && paris.Hour() < 18
}

// firstMinute is the first minute from t on that is so.
func firstMinute(t time.Time, is func(time.Time) bool) time.Time {
	for !is(t) {
		t = t.Add(time.Minute)
	}
	return t
}

// TestChooseTable asks for every hour of the weeks in which clocks change, in nine languages, and holds
// the three channels to what a person would say who looks at the clock and at the hours on the door.
func TestChooseTable(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	spokenInChat := []kb.Lang{kb.French, kb.English, kb.Polish}
	phone := map[kb.Lang]bool{"en": true, "es": true, "it": true, "fr": true, "nl": true, "de": true}
	seen := map[string]int{}
	for _, monday := range []string{"2026-03-23", "2026-10-19", "2026-03-26", "2026-10-22"} { // the last two have the holidays
		start, err := time.ParseInLocation("2006-01-02", monday, paris)
		if err != nil {
			t.Fatal(err)
		}
		for hour := range 168 {
			now := start.Add(time.Duration(hour) * time.Hour)
			isOpen := func(m time.Time) bool { return wallOpen(m.In(paris)) }
			opens := firstMinute(now, isOpen)
			promise := now
			for left := 18 * 60; left > 0; promise = promise.Add(time.Minute) {
				if mailOpen(promise.In(paris)) {
					left--
				}
			}
			slot := firstMinute(now.Add(30*time.Minute), isOpen)
			for _, lang := range kb.Langs {
				agents := 1
				if lang == kb.Polish { // the team has the language, and nobody who is here speaks it
					agents = 0
				}
				options := handoff.Choose(handoff.Situation{Now: now, Lang: lang, Email: "camille@example.org", Proven: true, Phone: "+33123456789",
					Channels: []handoff.ChannelFacts{
						{Channel: support.ChannelCallback, Calendar: chatHours(), NextSlot: slot},
						{Channel: support.ChannelChat, Calendar: chatHours(), Langs: spokenInChat, Agents: agents, Free: agents},
					}})

				email := support.ContactOption{Channel: "email", State: "open", PromisedAt: promise}
				chat := support.ContactOption{Channel: "chat", State: "open"}
				switch {
				case !slices.Contains(spokenInChat, lang):
					chat.State, chat.Reason, chat.Langs = "not_offered", "language", []kb.Lang{kb.English, kb.French, kb.Polish}
				case !isOpen(now):
					chat.State, chat.Reason, chat.OpensAt = "closed", "hours", opens
					if d := now.In(paris).Format("2006-01-02"); d == "2026-03-31" || d == "2026-10-27" {
						chat.Reason = "holiday"
					}
				case agents == 0:
					closes := firstMinute(now, func(m time.Time) bool { return !isOpen(m) })
					chat.State, chat.Reason, chat.OpensAt = "closed", "nobody", firstMinute(closes, isOpen)
				}
				call := support.ContactOption{Channel: "callback", State: "open", PromisedAt: slot, Wait: slot.Sub(now)}
				if !phone[lang] {
					call = support.ContactOption{Channel: "callback", State: "not_offered", Reason: "language",
						Langs: []kb.Lang{"en", "es", "it", "fr", "nl", "de"}}
				}
				var want []support.ContactOption
				switch {
				case chat.State == "open":
					chat.Recommended = true
					want = []support.ContactOption{chat, call, email}
					if call.State != "open" {
						want = []support.ContactOption{chat, email, call}
					}
				case call.State == "open" && slot.Add(15*time.Minute).Before(promise): // always so
					call.Recommended = true
					want = []support.ContactOption{call, email, chat}
				default:
					email.Recommended = true
					want = []support.ContactOption{email, chat, call}
				}
				if diff := cmp.Diff(want, options); diff != "" {
					t.Fatalf("%s on %s:\n%s", lang, now.In(paris).Format("Mon 2006-01-02 15:04 MST"), diff)
				}
				seen[string(chat.State)+" "+string(chat.Reason)]++
			}
		}
	}
	for _, s := range []string{"open ", "closed hours", "closed holiday", "closed nobody", "not_offered language"} {
		if seen[s] == 0 {
			t.Errorf("no moment was %q", s)
		}
	}
}

// TestChooseRules says each rule once, on a Wednesday at ten in Paris unless told otherwise.
func TestChooseRules(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-25T10:00:00+01:00")
	everyDay := support.DefaultCalendar("")
	always := support.Calendar{Zone: "UTC"}
	for d := range always.Weekly {
		always.Weekly[d] = []support.Interval{{From: 0, To: 1440}}
	}
	chat := func(agents, free, waiting int, p80 time.Duration) handoff.ChannelFacts {
		return handoff.ChannelFacts{Channel: support.ChannelChat, Calendar: everyDay, Agents: agents, Free: free, Waiting: waiting, WaitP80: p80}
	}
	call := func(in time.Duration) handoff.ChannelFacts {
		return handoff.ChannelFacts{Channel: support.ChannelCallback, Calendar: everyDay, NextSlot: now.Add(in)}
	}
	few := support.Category{FewObjects: 3}
	for _, test := range []struct {
		name string
		s    handoff.Situation
		want []string
	}{
		{"EmailAlone", handoff.Situation{}, []string{"email open * needs email until Fri 10:00"}},
		{"AddressToProve", handoff.Situation{Email: "a@example.org"}, []string{"email open * needs proof until Fri 10:00"}},
		{"Policy", handoff.Situation{Category: support.Category{SLA: support.SLAPolicy{FirstAnswer: 4 * time.Hour}}}, []string{"email open * needs email until Wed 14:00"}},
		{"UsualAnswer", handoff.Situation{Channels: []handoff.ChannelFacts{{Channel: support.ChannelEmail, Calendar: everyDay, AnswerP80: 9 * time.Hour}}},
			[]string{"email open * needs email until Fri 10:00 wait 24h0m0s"}},
		{"EmailNeverSilent", handoff.Situation{Channels: []handoff.ChannelFacts{{Channel: support.ChannelEmail, Langs: []kb.Lang{kb.Dutch}}}},
			[]string{"email open * needs email until Fri 10:00"}},
		{"QuickQuestion", handoff.Situation{Channels: []handoff.ChannelFacts{call(0), chat(1, 1, 0, 0)}},
			[]string{"chat open *", "callback open needs phone until Wed 10:00", "email open needs email until Fri 10:00"}},
		{"FewObjects", handoff.Situation{Objects: 3, Category: few, Phone: "+33123456789", Channels: []handoff.ChannelFacts{call(5 * time.Minute), chat(1, 1, 0, 0)}},
			[]string{"callback open * until Wed 10:05 wait 5m0s", "chat open", "email open needs email until Fri 10:00"}},
		{"FewObjectsNumberUnknown", handoff.Situation{Objects: 3, Category: few, Channels: []handoff.ChannelFacts{call(6 * time.Minute), chat(1, 1, 0, 0)}},
			[]string{"chat open *", "callback open needs phone until Wed 10:06 wait 6m0s", "email open needs email until Fri 10:00"}},
		{"ManyObjects", handoff.Situation{Objects: 4, Category: few, Channels: []handoff.ChannelFacts{call(0), chat(1, 1, 0, 0)}},
			[]string{"email open * needs email until Fri 10:00", "chat open", "callback not_offered objects"}},
		{"AnyNumber", handoff.Situation{Objects: 400, Phone: "+33123456789", Channels: []handoff.ChannelFacts{call(0)}},
			[]string{"callback open * until Wed 10:00", "email open needs email until Fri 10:00"}},
		{"Presses", handoff.Situation{Objects: 1, Category: support.Category{Priority: support.PriorityUrgent}, Phone: "+33123456789",
			Channels: []handoff.ChannelFacts{chat(1, 0, 2, 10*time.Minute), call(9 * time.Minute)}},
			[]string{"callback open * until Wed 10:09 wait 9m0s", "chat open busy wait 10m0s ahead 2", "email open needs email until Fri 10:00"}},
		{"DoesNotPress", handoff.Situation{Category: support.Category{Priority: support.PriorityLow}, Channels: []handoff.ChannelFacts{chat(1, 1, 0, 0), call(0)}},
			[]string{"email open * needs email until Fri 10:00", "chat open", "callback open needs phone until Wed 10:00"}},
		{"Queue", handoff.Situation{Channels: []handoff.ChannelFacts{chat(2, 0, 3, 4*time.Minute)}},
			[]string{"chat open * busy wait 4m0s ahead 3", "email open needs email until Fri 10:00"}},
		{"QueueOfUnknownWait", handoff.Situation{Channels: []handoff.ChannelFacts{chat(2, 0, 3, 0)}},
			[]string{"chat open * busy ahead 3", "email open needs email until Fri 10:00"}},
		{"FirstInTheQueue", handoff.Situation{Channels: []handoff.ChannelFacts{chat(2, 0, 0, 4*time.Minute)}},
			[]string{"chat open * busy wait 4m0s", "email open needs email until Fri 10:00"}},
		{"SomeoneIsFreeButOthersWait", handoff.Situation{Channels: []handoff.ChannelFacts{chat(2, 1, 3, 4*time.Minute)}},
			[]string{"chat open * busy wait 4m0s ahead 2", "email open needs email until Fri 10:00"}},
		{"QueueOutlivesTheDay", handoff.Situation{Now: at(t, "2026-11-27T17:40:00+01:00"), Channels: []handoff.ChannelFacts{chat(2, 0, 3, 20*time.Minute)}},
			[]string{"email open * needs email until Tue 17:40", "chat closed queue opens Mon 09:00"}},
		{"Nobody", handoff.Situation{Channels: []handoff.ChannelFacts{chat(0, 0, 0, 0)}},
			[]string{"email open * needs email until Fri 10:00", "chat closed nobody opens Thu 09:00"}},
		{"NobodyAroundTheClock", handoff.Situation{Channels: []handoff.ChannelFacts{{Channel: support.ChannelChat, Calendar: always}}},
			[]string{"email open * needs email until Fri 10:00", "chat closed nobody"}},
		{"NeverOpens", handoff.Situation{Channels: []handoff.ChannelFacts{{Channel: support.ChannelChat, Calendar: support.Calendar{Zone: "UTC"}, Agents: 1, Free: 1}}},
			[]string{"email open * needs email until Fri 10:00", "chat closed hours"}},
		{"NoSlot", handoff.Situation{Channels: []handoff.ChannelFacts{call(-time.Minute), chat(0, 0, 0, 0)}},
			[]string{"email open * needs email until Fri 10:00", "chat closed nobody opens Thu 09:00", "callback closed no_slot"}},
		{"SlotAfterTheAnswer", handoff.Situation{Phone: "+33123456789", Channels: []handoff.ChannelFacts{call(7 * 24 * time.Hour)}},
			[]string{"email open * needs email until Fri 10:00", "callback open until Wed 10:00 wait 168h0m0s"}},
		{"PolishOnSundayAt2350", handoff.Situation{Now: at(t, "2026-11-29T23:50:00+01:00"), Lang: kb.Polish, Channels: []handoff.ChannelFacts{chat(0, 0, 0, 0), call(96*time.Hour + 24*time.Hour)}},
			[]string{"email open * needs email until Tue 18:00", "chat closed hours opens Mon 09:00", "callback not_offered language [en es it fr nl de]"}},
		{"TeamSpeaksFewer", handoff.Situation{Lang: kb.Dutch, Channels: []handoff.ChannelFacts{{Channel: support.ChannelCallback, Calendar: everyDay, NextSlot: now, Langs: []kb.Lang{kb.Polish, kb.German, kb.French}}}},
			[]string{"email open * needs email until Fri 10:00", "callback not_offered language [fr de]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := test.s
			if s.Now.IsZero() {
				s.Now = now
			}
			if s.Lang == "" {
				s.Lang = kb.French
			}
			var got []string
			for _, o := range handoff.Choose(s) {
				got = append(got, say(o))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// say writes an option on one line.
func say(o support.ContactOption) string {
	const layout = "Mon 15:04"
	s := fmt.Sprintf("%s %s", o.Channel, o.State)
	add := func(yes bool, more string) {
		if yes {
			s += " " + more
		}
	}
	add(o.Recommended, "*")
	add(o.Reason != "", string(o.Reason))
	add(o.Need != "", "needs "+string(o.Need))
	add(!o.PromisedAt.IsZero(), "until "+o.PromisedAt.Format(layout))
	add(!o.OpensAt.IsZero(), "opens "+o.OpensAt.Format(layout))
	add(o.Wait != 0, "wait "+o.Wait.String())
	add(o.Ahead != 0, fmt.Sprint("ahead ", o.Ahead))
	add(o.Langs != nil, fmt.Sprint(o.Langs))
	return s
}

func anySituation(t *rapid.T) handoff.Situation {
	hours := func() support.Calendar {
		c := support.Calendar{Zone: rapid.SampledFrom([]string{"Europe/Paris", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe"}).Draw(t, "zone")}
		for d := range c.Weekly {
			if from := rapid.IntRange(-400, 1439).Draw(t, "from"); from >= 0 {
				c.Weekly[d] = []support.Interval{{From: from, To: from + rapid.IntRange(1, 1440).Draw(t, "length")}}
			}
		}
		return c
	}
	spoken := func() []kb.Lang {
		if rapid.Bool().Draw(t, "all") {
			return nil
		}
		return rapid.SliceOfNDistinct(rapid.SampledFrom(kb.Langs[:]), 1, 9, rapid.ID).Draw(t, "langs")
	}
	minutes := func(label string) time.Duration {
		return time.Duration(rapid.IntRange(0, 600).Draw(t, label)) * time.Minute
	}
	change := at2026(rapid.SampledFrom([]int{int(time.March)*100 + 29, int(time.October)*100 + 25, int(time.June)*100 + 1}).Draw(t, "near"))
	s := handoff.Situation{
		Now:  change.Add(time.Duration(rapid.Int64Range(-int64(96*time.Hour), int64(96*time.Hour)).Draw(t, "now"))),
		Lang: rapid.SampledFrom(kb.Langs[:]).Draw(t, "lang"), Objects: rapid.IntRange(0, 6).Draw(t, "objects"),
		Category: support.Category{FewObjects: rapid.IntRange(0, 3).Draw(t, "few"),
			Priority: rapid.SampledFrom([]support.Priority{"", support.PriorityUrgent, support.PriorityHigh, support.PriorityNormal, support.PriorityLow}).Draw(t, "priority"),
			SLA:      support.SLAPolicy{FirstAnswer: minutes("policy")}},
		Email: rapid.SampledFrom([]string{"", "a@example.org"}).Draw(t, "email"), Proven: rapid.Bool().Draw(t, "proven"),
		Phone: rapid.SampledFrom([]string{"", "+33123456789"}).Draw(t, "phone"),
	}
	if rapid.Bool().Draw(t, "has email") {
		s.Channels = append(s.Channels, handoff.ChannelFacts{Channel: support.ChannelEmail, Calendar: hours(), Langs: spoken(), AnswerP80: minutes("usual")})
	}
	if rapid.IntRange(0, 4).Draw(t, "has chat") > 0 {
		agents := rapid.IntRange(0, 3).Draw(t, "agents")
		s.Channels = append(s.Channels, handoff.ChannelFacts{Channel: support.ChannelChat, Calendar: hours(), Langs: spoken(),
			Agents: agents, Free: rapid.IntRange(0, 3*agents).Draw(t, "free"), Waiting: rapid.IntRange(0, 5).Draw(t, "waiting"), WaitP80: minutes("p80")})
	}
	if rapid.Bool().Draw(t, "has callback") {
		s.Channels = append(s.Channels, handoff.ChannelFacts{Channel: support.ChannelCallback, Calendar: hours(), Langs: spoken(),
			NextSlot: s.Now.Add(minutes("slot") - time.Minute)})
	}
	return s
}

func at2026(monthDay int) time.Time {
	return time.Date(2026, time.Month(monthDay/100), monthDay%100, 1, 0, 0, 0, time.UTC)
}

// TestChooseInvariants holds for every situation.
func TestChooseInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := anySituation(t)
		options := handoff.Choose(s)

		email := find(options, support.ChannelEmail)
		if email == nil || email.State != support.ContactOpen || !email.PromisedAt.After(s.Now) {
			t.Fatalf("e-mail: %+v", email)
		}
		recommended, listed := 0, map[support.Channel]bool{}
		for i, o := range options {
			if listed[o.Channel] {
				t.Fatalf("%s twice", o.Channel)
			}
			listed[o.Channel] = true
			if o.Recommended {
				recommended++
				if i != 0 || o.State != support.ContactOpen {
					t.Fatalf("recommended as number %d: %+v", i, o)
				}
			}
			if o.State != support.ContactOpen && o.Reason == "" || o.State == support.ContactOpen && o.Reason != "" && o.Reason != support.ReasonBusy {
				t.Fatalf("%+v", o)
			}
			if o.Reason == support.ReasonLanguage && slices.Contains(o.Langs, s.Lang) {
				t.Fatalf("not offered in %s: %+v", s.Lang, o)
			}
			if !o.OpensAt.IsZero() {
				if o.State != support.ContactClosed || !o.OpensAt.After(s.Now) {
					t.Fatalf("%+v", o)
				}
				then := s
				then.Now = o.OpensAt
				then.Channels = slices.Clone(s.Channels)
				for i := range then.Channels { // somebody came as announced
					then.Channels[i].Agents, then.Channels[i].Free, then.Channels[i].Waiting = 1, 1, 0
				}
				if again := find(handoff.Choose(then), o.Channel); again.State != support.ContactOpen {
					t.Fatalf("%s opens at %s, and then is %+v", o.Channel, o.OpensAt, again)
				}
			}
		}
		if recommended != 1 {
			t.Fatalf("%d are recommended", recommended)
		}
		for _, f := range s.Channels {
			if !listed[f.Channel] {
				t.Fatalf("%s is not listed", f.Channel)
			}
		}
		if !listed[support.ChannelChat] && len(options) > 1+len(s.Channels) {
			t.Fatalf("%d options of %d channels", len(options), len(s.Channels))
		}

		slices.Reverse(s.Channels)
		if diff := cmp.Diff(options, handoff.Choose(s)); diff != "" {
			t.Fatalf("the order of the facts matters:\n%s", diff)
		}
	})
}

// TestMoreAgentsNeverMakeItWorse: with more people there, more of them free, or fewer members who wait, the
// chat is as open as before or more, its wait and queue are not longer, and what is recommended instead
// is not slower, but for what it fits better.
func TestMoreAgentsNeverMakeItWorse(t *testing.T) {
	t.Parallel()
	state := func(o *support.ContactOption) int {
		return slices.Index([]support.ContactState{support.ContactNotOffered, support.ContactClosed, support.ContactOpen}, o.State)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := anySituation(t)
		i := slices.IndexFunc(s.Channels, func(f handoff.ChannelFacts) bool { return f.Channel == support.ChannelChat })
		if i < 0 {
			return
		}
		before := handoff.Choose(s)
		more := s
		more.Channels = slices.Clone(s.Channels)
		f := &more.Channels[i]
		f.Agents += rapid.IntRange(0, 3).Draw(t, "more agents")
		f.Free += rapid.IntRange(0, 3).Draw(t, "more free")
		f.Waiting = max(0, f.Waiting-rapid.IntRange(0, 3).Draw(t, "fewer waiting"))
		after := handoff.Choose(more)
		a, b := find(before, support.ChannelChat), find(after, support.ChannelChat)
		if state(b) < state(a) {
			t.Fatalf("%s, then %s", say(*a), say(*b))
		}
		if a.State == support.ContactOpen && (b.Wait > a.Wait || b.Ahead > a.Ahead || a.Reason == "" && b.Reason != "" || a.Recommended && !b.Recommended) {
			t.Fatalf("%s, then %s", say(*a), say(*b))
		}
		for _, c := range []support.Channel{support.ChannelEmail, support.ChannelCallback} {
			x, y := find(before, c), find(after, c)
			if x == nil {
				continue
			}
			x.Recommended, y.Recommended = false, false
			if diff := cmp.Diff(x, y); diff != "" {
				t.Fatalf("%s changed:\n%s", c, diff)
			}
		}
	})
}

func BenchmarkChoose(b *testing.B) {
	hours := chatHours()
	for y := 2020; y < 2030; y++ {
		for d := range 20 {
			hours.Holidays = append(hours.Holidays, support.Day{Date: support.DateOf(time.Date(y, 1, 1+d*17, 0, 0, 0, 0, time.UTC))})
		}
	}
	s := handoff.Situation{Lang: kb.Polish, Objects: 2, Category: support.Category{FewObjects: 3, SLA: support.SLAPolicy{FirstAnswer: 90 * time.Hour}},
		Channels: []handoff.ChannelFacts{{Channel: support.ChannelEmail, Calendar: hours, AnswerP80: 20 * time.Hour},
			{Channel: support.ChannelChat, Calendar: hours, Agents: 2, Waiting: 3, WaitP80: time.Minute},
			{Channel: support.ChannelCallback, Calendar: hours}}}
	start := at(b, "2026-03-27T00:00:00Z")
	var took []time.Duration
	for b.Loop() {
		s.Now = start.Add(time.Duration(len(took)%168) * time.Hour)
		begin := time.Now()
		handoff.Choose(s)
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Nanoseconds()), "p95-ns")
}
