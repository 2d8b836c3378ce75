package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"iconet.example/testnet"
)

// step is something a browser does.
type step = chromedp.Action[chromedp.Void]

// css selects elements.
type css = chromedp.CSS

// browser finds Chromium, or skips; where CI runs it must not.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium is installed, and CI must not skip the browser's tests")
	}
	t.Skip("install Chromium (Debian: apt-get install chromium) to run the browser's tests")
	return ""
}

// tab opens a browser of its own.
func tab(t *testing.T, scripts bool) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("accept-lang", "en"))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	// The browser lives as long as the context of its first call, so that one has no time limit.
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
		return err
	}), chromedp.EmulateViewport(1280, 900))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			if strings.Contains(m.String(), "Content Security Policy") {
				t.Errorf("the browser reports: %s", m)
			}
		}
	}()
	return ctx
}

// do runs steps and ends the test if one fails.
func do(t *testing.T, ctx context.Context, what string, steps ...step) {
	t.Helper()
	for i, one := range steps {
		limited, cancel := context.WithTimeout(ctx, 30*time.Second)
		err := chromedp.Do(limited, one)
		cancel()
		if err != nil {
			at := ask(t, ctx, chromedp.Location())
			t.Fatalf("%s, step %d: %v\nat %s:\n%.2000s", what, i, err, at, ask(t, ctx, chromedp.Text(css("body"))))
		}
	}
}

// ask asks the browser for something.
func ask[T any](t *testing.T, ctx context.Context, what chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, what)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// look checks what holds for every page, and keeps pictures of it where ICONET_SCREENSHOTS names a directory.
func look(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if n := ask(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll("h1").length`)); n != 1 {
		t.Errorf("%s: %d main headings", name, n)
	}
	text := ask(t, ctx, chromedp.Text(css("html")))
	if at := strings.Index(text, "["); at >= 0 && strings.Contains(text[at:min(len(text), at+40)], ".") {
		t.Errorf("%s: a sentence is missing: %s", name, text[at:min(len(text), at+40)])
	}
	save(t, ctx, name)
	do(t, ctx, name, chromedp.EmulateViewport(320, 700))
	if wide := ask(t, ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`)); wide > 320 {
		t.Errorf("%s: %d pixels wide on a screen of 320", name, wide)
	}
	save(t, ctx, name+"-320")
	do(t, ctx, name, chromedp.EmulateViewport(1280, 900))
}

// save keeps a picture of the page where ICONET_SCREENSHOTS names a directory.
func save(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("ICONET_SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), ask(t, ctx, chromedp.FullScreenshot(100)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func nodeOf(t *testing.T, n *testnet.Network, code string) *testnet.Node {
	t.Helper()
	one, err := n.Node(code)
	if err != nil {
		t.Fatal(err)
	}
	return one
}

// enter signs the demonstration account of a node in.
func enter(one *testnet.Node) step {
	return chromedp.Steps(chromedp.Navigate(one.Portal+"login?lang=en"), chromedp.SetValue(css("#login"), one.Login), chromedp.SetValue(css("#password"), one.Password),
		chromedp.Click(css("form.narrow button")), chromedp.WaitVisible(css("form.filter")))
}

// field selects the control of a path, whose dots and brackets mean something else in CSS.
func field(path string) css { return css(fmt.Sprintf(`[id="f-%s"]`, path)) }

func TestPortalJourneyFromSignInToReadingOnAnotherNode(t *testing.T) {
	browser(t)
	n := bringUp(t, 21100, "FR", "DE")
	for _, scripts := range []bool{false, true} {
		name := map[bool]string{false: "without-script", true: "with-script"}[scripts]
		t.Run(name, func(t *testing.T) { journey(t, n, name, scripts) })
	}
}

func journey(t *testing.T, n *testnet.Network, name string, scripts bool) {
	ctx := tab(t, scripts)
	fr, de := nodeOf(t, n, "FR"), nodeOf(t, n, "DE")
	title := "Exercise: rubber boats off Calais, " + name
	do(t, ctx, "open the sign-in page", chromedp.Navigate(fr.Portal), chromedp.WaitVisible(css("#login")))
	look(t, ctx, name+"-01-login")
	do(t, ctx, "sign in", enter(fr))
	look(t, ctx, name+"-02-alerts")
	do(t, ctx, "choose a form", chromedp.Click(css(`a[href="/compose"].button`)), chromedp.WaitVisible(css(`a[href="/compose/EWS-01"]`)))
	look(t, ctx, name+"-03-choose")
	do(t, ctx, "open the form", chromedp.Click(css(`a[href="/compose/EWS-01"]`)), chromedp.WaitVisible(field("header.title")))
	look(t, ctx, name+"-04-compose")
	do(t, ctx, "send it empty", chromedp.Submit(field("header.title")), chromedp.WaitVisible(css(".problems")))
	look(t, ctx, name+"-05-errors")
	do(t, ctx, "fill it in", fill(title)...)
	do(t, ctx, "add a row", chromedp.Click(css(`button[value="add:fields.response"]`)), chromedp.WaitVisible(field("fields.response[1].measure")))
	do(t, ctx, "check the answers", chromedp.Submit(field("header.title")), chromedp.WaitVisible(css(`button[value="send"]`)))
	look(t, ctx, name+"-06-check")
	do(t, ctx, "send", chromedp.Click(css(`button[value="send"]`)), chromedp.WaitVisible(css(".done")))
	look(t, ctx, name+"-07-sent")
	awaitItem(t, de, title)
	do(t, ctx, "show it at the owner", chromedp.Click(css(`.actions li:nth-child(2) a`)), chromedp.WaitVisible(css("dl.answers")))
	look(t, ctx, name+"-08-item-owner")
	do(t, ctx, "look at the network", chromedp.Click(css(`a[href="/network"]`)), chromedp.WaitVisible(css("#peers")))
	look(t, ctx, name+"-09-network")
	do(t, ctx, "read it in Germany", enter(de), chromedp.Click(css(`table.cards a`)), chromedp.WaitVisible(css("dl.answers")))
	shown := ask(t, ctx, chromedp.Text(css("main")))
	for _, want := range []string{title, "Verified", "Calais, France", "France (FR)"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page in Germany lacks %q", want)
		}
	}
	look(t, ctx, name+"-10-item-receiver")
	do(t, ctx, "read it in French", chromedp.Click(css(`a[lang="fr"]`)), chromedp.WaitVisible(css(`html[lang="fr"] dl.answers`)))
	shown = ask(t, ctx, chromedp.Text(css("main")))
	for _, want := range []string{"Vérifié", "Destinataires", "Accusés de réception"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the French page lacks %q", want)
		}
	}
	look(t, ctx, name+"-11-item-french")
	do(t, ctx, "open the form in French", chromedp.Navigate(de.Portal+"compose/EWS-01"), chromedp.WaitVisible(field("header.title")))
	look(t, ctx, name+"-12-compose-french")
	do(t, ctx, "open what is not there", chromedp.Navigate(de.Portal+"items/none"), chromedp.WaitVisible(css("h1")))
	look(t, ctx, name+"-13-not-found")
}

// fill answers the mandatory questions.
func fill(title string) []step {
	var steps []step
	for _, a := range []struct{ path, value string }{
		{"header.title", title}, {"header.summary", "Exercise. Three boats with twenty persons each."}, {"fields.what", "Exercise. Boats left at night from the beach."},
		{"fields.kind", "INC"}, {"fields.urgency", "URGENT"}, {"fields.status", "ongoing"}, {"fields.border_type", "SEA"},
		{"fields.event_time.from.d", "1"}, {"fields.event_time.from.m", "11"}, {"fields.event_time.from.y", "2026"},
		{"fields.place.name", "Calais"}, {"fields.place.country", "France"}, {"fields.place.level", "region"},
		{"fields.response[0].measure", "SURV"}, {"header.source_eval", "B"}, {"header.info_eval", "3"}, {"header.impact", "3"}, {"header.use_level", "OPE"},
	} {
		steps = append(steps, chromedp.SetValue(field(a.path), a.value))
	}
	for _, box := range []css{field("fields.action_asked-0"), field("header.pd_declaration"), field("header.lawful_declaration"), `input[name="audience"][value="DE"]`} {
		steps = append(steps, chromedp.Click(box))
	}
	return steps
}

// awaitItem waits until a node shows an item with a title.
func awaitItem(t *testing.T, one *testnet.Node, title string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cl, err := one.SignIn(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	for {
		list, err := cl.List(ctx, map[string][]string{"limit": {"10"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list.Items {
			if s.Title == title {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestPortalIsUsableWithTheKeyboardAlone(t *testing.T) {
	ctx := tab(t, true)
	n := bringUp(t, 21300, "FR", "DE")
	fr := nodeOf(t, n, "FR")
	do(t, ctx, "sign in by keyboard", chromedp.Navigate(fr.Portal+"login?lang=en"), chromedp.WaitVisible(css("#login")))
	var order []string
	for range 6 {
		do(t, ctx, "press Tab", chromedp.KeyEvent(kb.Tab))
		active := ask(t, ctx, chromedp.Evaluate[string](`document.activeElement.id || document.activeElement.textContent`))
		order = append(order, active)
		if outline := ask(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.activeElement).outlineWidth`)); outline != "3px" {
			t.Errorf("the focus on %q is outlined with %s, want 3px", active, outline)
		}
	}
	want := "Skip to main content,ICONet,français,login,password,Sign in"
	if got := strings.Join(order, ","); got != want {
		t.Errorf("Tab goes through %s, want %s", got, want)
	}
	do(t, ctx, "type and press Enter", chromedp.Focus(css("#login")), chromedp.KeyEvent(fr.Login), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(fr.Password), chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible(css("form.filter")))
}
