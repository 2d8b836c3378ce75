package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/urfave/cli/v2"
)

// run is the program with its surroundings as arguments; it gives the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := newApp(stdin, stdout, stderr)
	err := app.RunContext(ctx, reorder(app, args))
	if ctx.Err() != nil && err != nil {
		err = fmt.Errorf("%w: %w", errInterrupted, err)
	}
	return report(stderr, err, wantsJSON(args))
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	// urfave/cli prints the version under -v otherwise, which is "verbose" here.
	cli.VersionFlag = &cli.BoolFlag{Name: "version", Aliases: []string{"V"}, Usage: "print the version", DisableDefaultText: true}
	app := &cli.App{
		Name: "iconet", HelpName: "iconet", Version: version(), Suggest: true, HideHelpCommand: true,
		Usage: "the secure network of the Member States' migration services",
		Description: "Start with a test network on this machine:\n\n" +
			"  iconet testnet up\n  iconet testnet exec FR -- alert list\n  iconet testnet down",
		Reader: stdin, Writer: stdout, ErrWriter: stderr,
		ExitErrHandler: func(*cli.Context, error) {}, // run reports
		OnUsageError:   usageError,
		CommandNotFound: func(c *cli.Context, name string) {
			fmt.Fprintf(c.App.ErrWriter, "error: there is no command %q\n  try: iconet --help\n", name)
		},
		Action: noCommand,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "data directory of the node", EnvVars: []string{"ICONET_DATA"}, Value: defaultData()},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "table, json, jsonl or csv", EnvVars: []string{"ICONET_OUTPUT"}, Value: "table"},
			&cli.BoolFlag{Name: "json", Usage: "the same as --output json", DisableDefaultText: true},
			&cli.BoolFlag{Name: "no-header", Usage: "tables without their first line", DisableDefaultText: true},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "no messages beside results and errors", DisableDefaultText: true},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "more of the log", DisableDefaultText: true},
			&cli.BoolFlag{Name: "no-input", Usage: "never ask; fail instead", DisableDefaultText: true},
			&cli.DurationFlag{Name: "timeout", Usage: "longest wait for the node", EnvVars: []string{"ICONET_TIMEOUT"}, Value: 30 * time.Second},
			&cli.StringFlag{Name: "lang", Usage: "language of labels: en or fr", EnvVars: []string{"ICONET_LANG"}, Value: "en"},
		},
		Commands: []*cli.Command{initCommand(), serveCommand(), statusCommand(), doctorCommand(), authCommand(), userCommand(),
			alertCommand(), itemCommand(), importCommand(), peerCommand(), keyCommand(), verifyCommand(), coordCommand(), testnetCommand()},
	}
	guard(app.Commands)
	return app
}

// guard has every command tell wrong usage as an error, with its exit code.
func guard(commands []*cli.Command) {
	for _, cmd := range commands {
		cmd.OnUsageError, cmd.HideHelpCommand = usageError, true
		if cmd.Action == nil {
			cmd.Action = noVerb
		} else if cmd.ArgsUsage == "" && !cmd.SkipFlagParsing {
			cmd.Action = bare(cmd.Action)
		}
		guard(cmd.Subcommands)
	}
}

// bare refuses arguments where a verb takes none.
func bare(act cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.Args().Present() {
			return usagef("%s takes no arguments, %q is one", c.Command.Name, c.Args().First())
		}
		return act(c)
	}
}

// noVerb answers a noun without a known verb.
func noVerb(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("%s has no verb %q", c.Command.Name, c.Args().First())
	}
	return cli.ShowSubcommandHelp(c)
}

// noCommand answers a call without a known verb.
func noCommand(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("there is no command %q", c.Args().First())
	}
	return cli.ShowAppHelp(c)
}

// version is the module's version, or the revision it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return info.Main.Version
}

func defaultData() string {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "iconet")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "iconet-data"
	}
	return filepath.Join(home, ".local", "share", "iconet")
}
