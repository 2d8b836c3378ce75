package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// reorder puts flags before arguments, level by level, because urfave/cli v2 takes no flag after the first argument.
// Global flags may stand anywhere. Behind "--", and behind a verb that takes its arguments as they are, nothing moves.
func reorder(app *cli.App, args []string) []string {
	if len(args) == 0 {
		return args
	}
	levels := []*level{{flags: app.Flags, own: []string{args[0]}}}
	commands := app.Commands
	var rest []string
	for i := 1; i < len(args); i++ {
		arg := args[i]
		last := levels[len(levels)-1]
		if arg == "--" {
			rest = append(rest, args[i:]...)
			break
		}
		if len(arg) > 1 && arg[0] == '-' {
			to, takes := owner(levels, arg)
			to.moved = append(to.moved, arg)
			if takes && i+1 < len(args) {
				i++
				to.moved = append(to.moved, args[i])
			}
			continue
		}
		if cmd := find(commands, arg); cmd != nil && len(last.plain) == 0 {
			levels = append(levels, &level{flags: cmd.Flags, own: []string{arg}})
			commands = cmd.Subcommands
			if cmd.SkipFlagParsing {
				rest = append(rest, args[i+1:]...)
				break
			}
			continue
		}
		last.plain = append(last.plain, arg)
		commands = nil
	}
	var out []string
	for _, l := range levels {
		out = append(append(out, l.own...), l.moved...)
	}
	return append(append(out, levels[len(levels)-1].plain...), rest...)
}

// level is a command of the path with the flags that belong to it.
type level struct {
	flags             []cli.Flag
	own, moved, plain []string
}

// owner gives the level whose flag this is, the innermost first, and whether a value follows. An unknown flag stays with
// the innermost, which reports it.
func owner(levels []*level, arg string) (to *level, takesValue bool) {
	name, _, inline := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	for i := len(levels) - 1; i >= 0; i-- {
		for _, f := range levels[i].flags {
			if slices.Contains(f.Names(), name) {
				_, boolean := f.(*cli.BoolFlag)
				return levels[i], !boolean && !inline
			}
		}
	}
	return levels[len(levels)-1], false
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// wantsJSON looks for the output format before any flag is parsed, for errors of the parsing itself.
func wantsJSON(args []string) bool {
	for i, a := range args {
		if a == "--" {
			return false
		}
		if a == "--json" || a == "-json" || a == "--output=json" || (a == "-o" || a == "--output") && i+1 < len(args) && args[i+1] == "json" {
			return true
		}
	}
	return false
}
