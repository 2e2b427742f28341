package support

import "time"

// Why a request is held: the first that holds, in this order. Each has texts of its own
// (desk.held.<reason>, desk.cause.<reason>).
const (
	HeldBot      = "bot_suspected"    // filled in what people do not see, or was faster than people are; nothing is mailed to it
	HeldBudget   = "budget"           // its confirmation mail was withheld: the address or the site has had its share
	HeldNoProof  = "no_proof"         // came without a proof of work, as from a browser without scripts
	HeldUnproven = "address_unproven" // waits for proof of its address
)

// HeldReasons are all of them.
var HeldReasons = []string{HeldBot, HeldBudget, HeldNoProof, HeldUnproven}

// Proof is a proof of work that was found good and is still to be spent. The zero Proof is none.
type Proof struct {
	ID        []byte // 32 bytes; of the challenge, so that a solution is worth one request
	MadeAt    time.Time
	ExpiresAt time.Time
}

// None reports whether there is no proof.
func (p Proof) None() bool { return len(p.ID) == 0 }
