package main

import (
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"
)

func testnetSeed(c *cli.Context) error {
	n, err := network(c)
	if err != nil {
		return err
	}
	note(c, "Publishing real incidents (IOM, Missing Migrants Project, CC BY 4.0) as items of the members concerned ...")
	sown, err := n.Seed(c.Context)
	if err != nil {
		return err
	}
	waiting := 0
	t := table{columns: []string{"NODE", "PUBLISHED", "ALREADY THERE", "WAITING"}}
	for _, s := range sown {
		t.add(s.Code.Display(), strconv.Itoa(s.Published), strconv.Itoa(s.Known), strconv.Itoa(s.Waiting))
		waiting += s.Waiting
	}
	if err := emit(c, sown, sown, t); err != nil {
		return err
	}
	if waiting > 0 {
		return fail(exitPartly, fmt.Sprintf("%d items wait for nodes that do not run", waiting), "iconet testnet start, then seed again: nothing is published twice", nil)
	}
	return nil
}
