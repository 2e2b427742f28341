package kb_test

import (
	"testing"

	"guichet/kb"
)

func BenchmarkDetectIntent(b *testing.B) {
	for b.Loop() {
		kb.DetectIntent("Combien de temps prend un remboursement, s'il vous plaît ?", kb.French)
	}
}
