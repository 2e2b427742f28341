package main

import (
	"fmt"
	"os"
	"strings"

	"guichet/kb/eval"
)

// plot draws what a threshold of confidence costs and gives, as an SVG: the share of the questions with
// an answer that are kept, of the near ones that are refused, and of the far ones.
func plot(file string, r *eval.Run) error {
	const left, top, width, height = 56.0, 24.0, 560.0, 300.0
	share := func(of []eval.Result, yes func(eval.Result) bool) float64 {
		n := 0
		for _, x := range of {
			if yes(x) {
				n++
			}
		}
		return float64(n) / float64(max(len(of), 1))
	}
	in := r.Where(eval.InScope)
	near := r.Where(func(x eval.Result) bool { return x.Kind == "none" && x.Subkind == "withheld" })
	far := r.Where(func(x eval.Result) bool { return x.Kind == "none" && x.Subkind != "withheld" })
	x := func(t float64) float64 { return left + t*width }
	y := func(s float64) float64 { return top + (1-s)*height }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="What a threshold of confidence costs and gives">`,
		left+width+190, top+height+56)
	b.WriteString(`<rect width="100%" height="100%" fill="#fff"/>`)
	for i := range 11 {
		at := float64(i) / 10
		fmt.Fprintf(&b, `<path d="M%.1f %.1fH%.1f" stroke="#e4e1da"/><text x="%.1f" y="%.1f" text-anchor="end" fill="#59626d">%d %%</text>`, left, y(at), x(1), left-8, y(at)+4, i*10)
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#59626d">%.1f</text>`, x(at), y(0)+20, at)
	}
	fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#1b1f24">confidence from which an answer is offered</text>`, x(0.5), y(0)+42)
	for _, line := range []struct {
		name, colour string
		dash         string
		of           func(t float64) float64
	}{
		{"answered, of those with an answer", "#0b6b50", "", func(t float64) float64 {
			return share(in, func(x eval.Result) bool { return x.Confidence >= t })
		}},
		{"refused, of the near ones", "#a33b20", "6 4", func(t float64) float64 {
			return share(near, func(x eval.Result) bool { return x.Confidence < t })
		}},
		{"refused, of the far ones", "#3b4a8c", "2 3", func(t float64) float64 {
			return share(far, func(x eval.Result) bool { return x.Confidence < t })
		}},
	} {
		fmt.Fprintf(&b, `<path fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s" d="`, line.colour, line.dash)
		for i := range 101 {
			t := float64(i) / 100
			fmt.Fprintf(&b, "%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[i == 0], x(t), y(line.of(t)))
		}
		b.WriteString(`"/>`)
	}
	for i, l := range []string{"answered, of those|with an answer|#0b6b50|", "refused, of the|near ones|#a33b20|6 4", "refused, of the|far ones|#3b4a8c|2 3"} {
		p := strings.Split(l, "|")
		at := top + 20 + float64(i)*48
		fmt.Fprintf(&b, `<path d="M%.1f %.1fh22" stroke="%s" stroke-width="2" stroke-dasharray="%s"/><text x="%.1f" y="%.1f" fill="#1b1f24"><tspan>%s</tspan><tspan x="%.1f" dy="16">%s</tspan></text>`,
			x(1)+10, at, p[2], p[3], x(1)+38, at+4, p[0], x(1)+38, p[1])
	}
	fmt.Fprintf(&b, `<path d="M%.1f %.1fV%.1f" stroke="#1b1f24" stroke-dasharray="1 3"/><text x="%.1f" y="%.1f" text-anchor="middle" fill="#1b1f24">default</text></svg>`,
		x(*threshold), top, y(0), x(*threshold), top-8)
	return os.WriteFile(file, []byte(b.String()+"\n"), 0o644)
}
