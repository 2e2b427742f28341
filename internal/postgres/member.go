package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/auth"
	"guichet/internal/problem"
	"guichet/internal/support"
)

var _ auth.IdentityStore = (*DB)(nil)

const memberColumns = `m.id, m.site, m.external, m.email, m.email_verified, m.name, m.lang, m.phone, m.zone, m.created_at`

func scanMember(row pgx.CollectableRow) (m support.Member, err error) {
	return m, row.Scan(&m.ID, &m.Site, &m.External, &m.Email, &m.EmailVerified, &m.Name, &m.Lang, &m.Phone, &m.Zone, &m.CreatedAt)
}

// What a token does not say stays as it was told before; an address brings its proof, or the lack of it.
var vouchMember = query("vouch_member", `
	INSERT INTO members AS m (id, site, external, email, email_verified, name, lang, phone, zone, created_at)
	VALUES (@id, @site, @external, @email, @email_verified, @name, @lang, @phone, @zone, @created_at)
	ON CONFLICT (site, external) WHERE site <> '' DO UPDATE SET
		email = COALESCE(NULLIF(EXCLUDED.email, ''), m.email),
		email_verified = CASE WHEN EXCLUDED.email = '' THEN m.email_verified ELSE EXCLUDED.email_verified END,
		name = COALESCE(NULLIF(EXCLUDED.name, ''), m.name), lang = COALESCE(NULLIF(EXCLUDED.lang, ''), m.lang),
		phone = COALESCE(NULLIF(EXCLUDED.phone, ''), m.phone), zone = COALESCE(NULLIF(EXCLUDED.zone, ''), m.zone)
	RETURNING `+memberColumns)

func memberArgs(m support.Member) args {
	return args{"id": m.ID, "site": m.Site, "external": m.External, "email": m.Email, "email_verified": m.EmailVerified,
		"name": m.Name, "lang": m.Lang, "phone": m.Phone, "zone": m.Zone, "created_at": m.CreatedAt}
}

var (
	forgetSpent = query("forget_spent_identity", `DELETE FROM identity_spent WHERE expires_at < @now`)

	spendIdentity = query("spend_identity", `
		INSERT INTO identity_spent (kid, jti, expires_at) VALUES (@kid, @jti, @expires_at) ON CONFLICT (kid, jti) DO NOTHING`)

	// The token is held against the conversation in the same statement that gives it away.
	mergeConversation = query("merge_conversation", `
		UPDATE conversations c SET member_id = @member
		FROM tokens t
		WHERE c.id = @id AND t.hash = @hash AND t.purpose = 'conversation' AND t.subject = c.id::text
			AND t.revoked_at IS NULL AND t.expires_at > @now
			AND (c.member_id IS NULL OR c.member_id = @member)`)

	// What was asked in it goes with it.
	mergeTickets = query("merge_tickets", `UPDATE tickets SET member_id = @member WHERE conversation_id = @id AND member_id IS NULL`)
)

// SignInMember implements auth.IdentityStore.
func (db *DB) SignInMember(ctx context.Context, in auth.MemberSignIn) (m support.Member, merged bool, err error) {
	defer problem.Wrap(&err, "SignInMember(%s)", in.KID)
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if in.JTI != "" {
			if _, err := forgetSpent.exec(ctx, tx, args{"now": in.Now}); err != nil {
				return err
			}
			sum := sha256.Sum256([]byte(in.JTI))
			n, err := spendIdentity.exec(ctx, tx, args{"kid": in.KID, "jti": sum[:], "expires_at": in.Expires})
			if err == nil && n == 0 {
				err = problem.From(problem.Unauthorized, "problem.identity.spent", errors.New("the jti was spent"))
			}
			if err != nil {
				return err
			}
		}
		if m, err = one(ctx, tx, vouchMember, memberArgs(in.Member), scanMember); err != nil {
			return err
		}
		if err := insertToken(ctx, tx, support.PurposeMember, in.Session, string(m.ID), in.KID, in.SessionUntil); err != nil {
			return err
		}
		if in.GuestConversation.ID == "" {
			return nil
		}
		merged, err = merge(ctx, tx, m.ID, in.GuestConversation, in.Now)
		return err
	})
	return m, merged, err
}

// merge gives a member the conversation that a guest's token opens. One that is another member's, and
// one whose token does not open it, stay as they are.
func merge(ctx context.Context, tx pgx.Tx, m support.MemberID, guest auth.GuestConversation, now time.Time) (bool, error) {
	if err := checkID(guest.ID); err != nil {
		return false, problem.From(problem.Unauthorized, "problem.conversation_token", err)
	}
	if _, err := one(ctx, tx, conversationByToken, args{"hash": guest.Token.Hash(), "id": guest.ID, "now": now}, scanConversation); err != nil {
		if problem.Is(err, problem.NotFound) {
			err = problem.From(problem.Unauthorized, "problem.conversation_token", err)
		}
		return false, err
	}
	n, err := mergeConversation.exec(ctx, tx, args{"member": m, "id": guest.ID, "hash": guest.Token.Hash(), "now": now})
	if err == nil && n > 0 {
		_, err = mergeTickets.exec(ctx, tx, args{"member": m, "id": guest.ID})
	}
	return n > 0, err
}

// A session lives no longer than the key that vouched for it.
var memberBySession = query("member_by_session", `
	SELECT `+memberColumns+`
	FROM tokens t JOIN members m ON m.id = t.subject::uuid LEFT JOIN identity_keys k ON k.kid = t.detail
	WHERE t.hash = @hash AND t.purpose = 'member_session' AND t.revoked_at IS NULL AND t.expires_at > @now AND k.revoked_at IS NULL`)

// FindMember implements auth.IdentityStore.
func (db *DB) FindMember(ctx context.Context, t support.Token, now time.Time) (support.Member, error) {
	m, err := one(ctx, db.pool, memberBySession, args{"hash": t.Hash(), "now": now}, scanMember)
	if problem.Is(err, problem.NotFound) {
		err = problem.From(problem.Unauthorized, "problem.member_session", err)
	}
	return m, err
}

var memberByID = query("member_by_id", `SELECT `+memberColumns+` FROM members m WHERE m.id = @id`)

// MemberByID implements host.Store.
func (db *DB) MemberByID(ctx context.Context, id support.MemberID) (support.Member, error) {
	if err := checkID(id); err != nil {
		return support.Member{}, err
	}
	return one(ctx, db.pool, memberByID, args{"id": id}, scanMember)
}

const keyColumns = `kid, site, alg, key, created_at, revoked_at`

func scanKey(row pgx.CollectableRow) (k support.IdentityKey, err error) {
	var revoked *time.Time
	err = row.Scan(&k.KID, &k.Site, &k.Alg, &k.Key, &k.CreatedAt, &revoked)
	k.RevokedAt = orZero(revoked)
	return k, err
}

var (
	saveIdentityKey = query("save_identity_key", `
		INSERT INTO identity_keys (kid, site, alg, key, created_at) VALUES (@kid, @site, @alg, @key, @created_at)
		ON CONFLICT (kid) DO NOTHING`)

	findIdentityKey = query("find_identity_key", `SELECT `+keyColumns+` FROM identity_keys WHERE kid = @kid`)

	listIdentityKeys = query("list_identity_keys", `SELECT `+keyColumns+` FROM identity_keys ORDER BY site, created_at DESC, kid`)

	revokeIdentityKey = query("revoke_identity_key", `
		UPDATE identity_keys SET revoked_at = COALESCE(revoked_at, @now) WHERE kid = @kid`)

	listEnforced = query("list_enforced", `SELECT site FROM identity_enforced ORDER BY site`)
	enforceSite  = query("enforce_site", `INSERT INTO identity_enforced (site) VALUES (@site) ON CONFLICT (site) DO NOTHING`)
	relaxSite    = query("relax_site", `DELETE FROM identity_enforced WHERE site = @site`)
)

// SaveIdentityKey implements auth.IdentityStore.
func (db *DB) SaveIdentityKey(ctx context.Context, k support.IdentityKey) error {
	n, err := saveIdentityKey.exec(ctx, db.pool, args{"kid": k.KID, "site": k.Site, "alg": k.Alg, "key": k.Key, "created_at": k.CreatedAt})
	if err == nil && n == 0 {
		err = problem.From(problem.Conflict, "", fmt.Errorf("the key %s is there", k.KID))
	}
	return err
}

// FindIdentityKey implements auth.IdentityStore.
func (db *DB) FindIdentityKey(ctx context.Context, kid string) (support.IdentityKey, error) {
	if strings.Contains(kid, "\x00") {
		return support.IdentityKey{}, problem.From(problem.NotFound, "", errors.New("no key has such a name"))
	}
	return one(ctx, db.pool, findIdentityKey, args{"kid": strings.ToValidUTF8(kid, "")}, scanKey)
}

// IdentityKeys implements auth.IdentityStore.
func (db *DB) IdentityKeys(ctx context.Context) ([]support.IdentityKey, error) {
	return list(ctx, db.pool, listIdentityKeys, nil, scanKey)
}

// RevokeIdentityKey implements auth.IdentityStore.
func (db *DB) RevokeIdentityKey(ctx context.Context, kid string, now time.Time) error {
	n, err := revokeIdentityKey.exec(ctx, db.pool, args{"kid": kid, "now": now})
	if err == nil && n == 0 {
		err = problem.From(problem.NotFound, "", fmt.Errorf("no key is called %q", kid))
	}
	return err
}

// EnforcedSites implements auth.IdentityStore.
func (db *DB) EnforcedSites(ctx context.Context) ([]string, error) {
	return list(ctx, db.pool, listEnforced, nil, value[string])
}

// Enforce implements auth.IdentityStore.
func (db *DB) Enforce(ctx context.Context, site string, on bool) error {
	do := relaxSite
	if on {
		do = enforceSite
	}
	_, err := do.exec(ctx, db.pool, args{"site": site})
	return err
}

// An API key is named by the beginning of its hash, which tells nothing of it.
const apiKeyColumns = `left(encode(hash, 'hex'), 12), subject, detail, created_at, revoked_at`

func scanAPIKey(row pgx.CollectableRow) (k support.APIKey, err error) {
	var revoked *time.Time
	err = row.Scan(&k.ID, &k.Site, &k.Name, &k.CreatedAt, &revoked)
	k.RevokedAt = orZero(revoked)
	return k, err
}

var (
	findAPIKey = query("find_api_key", `
		SELECT `+apiKeyColumns+` FROM tokens
		WHERE hash = @hash AND purpose = 'api_key' AND revoked_at IS NULL AND expires_at > @now`)

	listAPIKeys = query("list_api_keys", `
		SELECT `+apiKeyColumns+` FROM tokens WHERE purpose = 'api_key' ORDER BY subject, created_at DESC, hash`)

	revokeAPIKey = query("revoke_api_key", `
		UPDATE tokens SET revoked_at = COALESCE(revoked_at, @now) WHERE purpose = 'api_key' AND left(encode(hash, 'hex'), 12) = @id`)
)

// SaveAPIKey implements auth.IdentityStore.
func (db *DB) SaveAPIKey(ctx context.Context, t support.Token, k support.APIKey, expires time.Time) error {
	return insertToken(ctx, db.pool, support.PurposeAPIKey, t, k.Site, k.Name, expires)
}

// FindAPIKey implements auth.IdentityStore.
func (db *DB) FindAPIKey(ctx context.Context, t support.Token, now time.Time) (support.APIKey, error) {
	k, err := one(ctx, db.pool, findAPIKey, args{"hash": t.Hash(), "now": now}, scanAPIKey)
	if problem.Is(err, problem.NotFound) {
		err = problem.From(problem.Unauthorized, "problem.api_key", err)
	}
	return k, err
}

// APIKeys implements auth.IdentityStore.
func (db *DB) APIKeys(ctx context.Context) ([]support.APIKey, error) {
	return list(ctx, db.pool, listAPIKeys, nil, scanAPIKey)
}

// RevokeAPIKey implements auth.IdentityStore.
func (db *DB) RevokeAPIKey(ctx context.Context, id string, now time.Time) error {
	n, err := revokeAPIKey.exec(ctx, db.pool, args{"id": id, "now": now})
	if err == nil && n == 0 {
		err = problem.From(problem.NotFound, "", fmt.Errorf("no API key is called %q", id))
	}
	return err
}
