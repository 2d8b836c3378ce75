package federation

import (
	"fmt"
	"regexp"
	"strings"
)

// faultTexts says for each rule what is wrong and what to do, in English and French; %1 is the field's label, %2 and %3 the
// arguments.
var faultTexts = map[string]Text{
	"form":       {"en": "Form %2, version %3, is not in force: choose one of the present structure", "fr": "Le formulaire %2, version %3, n'est pas en vigueur : choisissez-en un dans la structure actuelle"},
	"unknown":    {"en": "%1: the form has no such field; remove it", "fr": "%1 : le formulaire n'a pas ce champ ; retirez-le"},
	"required":   {"en": "%1: enter an answer", "fr": "%1 : indiquez une réponse"},
	"other":      {"en": "%1: describe what \"other\" means, in at most 120 characters", "fr": "%1 : précisez ce que signifie « autre », en 120 caractères au plus"},
	"type":       {"en": "%1: the answer must be of kind %2", "fr": "%1 : la réponse doit être du type %2"},
	"many":       {"en": "%1: give at most %2 answers", "fr": "%1 : donnez au plus %2 réponses"},
	"long":       {"en": "%1: use at most %2 characters", "fr": "%1 : utilisez au plus %2 caractères"},
	"characters": {"en": "%1: remove line breaks and invisible characters", "fr": "%1 : retirez les sauts de ligne et les caractères invisibles"},
	"code":       {"en": "%1: choose one of the listed answers; %2 is not one", "fr": "%1 : choisissez une réponse de la liste ; %2 n'y figure pas"},
	"whole":      {"en": "%1: enter a whole number", "fr": "%1 : indiquez un nombre entier"},
	"negative":   {"en": "%1: enter 0 or more", "fr": "%1 : indiquez 0 ou plus"},
	"date":       {"en": "%1: enter a date such as 2026-11-23", "fr": "%1 : indiquez une date telle que 2026-11-23"},
	"datetime":   {"en": "%1: enter a date and time such as 2026-11-23T10:05:00Z", "fr": "%1 : indiquez une date et une heure telles que 2026-11-23T10:05:00Z"},
	"bcp":        {"en": "%1: enter a code such as BCP-PL-medyka", "fr": "%1 : indiquez un code tel que BCP-PL-medyka"},
	"ref":        {"en": "%1: enter the id of an item", "fr": "%1 : indiquez l'identifiant d'un message"},
	"order":      {"en": "%1: the end must not be before the beginning", "fr": "%1 : la fin ne peut précéder le début"},
	"point":      {"en": "%1: give both latitude and longitude, or neither", "fr": "%1 : indiquez la latitude et la longitude, ou aucune des deux"},
	"position":   {"en": "%1: enter degrees up to %2 with at most two decimals", "fr": "%1 : indiquez des degrés jusqu'à %2 avec deux décimales au plus"},
	"declare":    {"en": "%1: confirm it, or do not send", "fr": "%1 : confirmez, ou n'envoyez pas"},
	"retention":  {"en": "%1: choose a day from today up to %2 months ahead", "fr": "%1 : choisissez une date comprise entre aujourd'hui et dans %2 mois"},
	"audience":   {"en": "%1: this form may go no further than %2", "fr": "%1 : ce formulaire ne peut aller au-delà de %2"},
	"tlp":        {"en": "%1: with marking %2 use %3", "fr": "%1 : avec le marquage %2, utilisez %3"},
	"sensitive":  {"en": "%1: a sensitive item needs named recipients", "fr": "%1 : un message sensible exige des destinataires désignés"},
	"within":     {"en": "%1: the number must not be above %2", "fr": "%1 : le nombre ne peut dépasser %2"},
	"unique":     {"en": "%1: use each number once", "fr": "%1 : utilisez chaque numéro une seule fois"},
	"future":     {"en": "%1: the time must not lie in the future", "fr": "%1 : l'heure ne peut se situer dans le futur"},
}

var rowPattern = regexp.MustCompile(`\[(\d+)\]`)

// Message says what is wrong, where and what to do, in a language; languages other than French read English.
func (f Fault) Message(s *Structure, form FormCode, lang string) string {
	text, lang := faultTexts[f.Rule].In(lang)
	pairs := []string{"%1", s.labelOf(form, f.Path, lang)}
	for i, arg := range f.Args {
		if label := s.labelOf(form, "fields."+arg, lang); f.Rule == "within" && label != "" {
			arg = label
		}
		pairs = append(pairs, fmt.Sprintf("%%%d", i+2), arg)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// labelOf gives the labels along a path, with row numbers as people count them.
func (s *Structure) labelOf(form FormCode, path, lang string) string {
	top, rest, ok := strings.Cut(path, ".")
	fields := s.Header
	if f := s.forms[form]; top == "fields" && f != nil {
		fields = f.Fields
	}
	var labels []string
	for _, step := range strings.Split(rest, ".") {
		row := rowPattern.FindStringSubmatch(step)
		id := rowPattern.ReplaceAllString(step, "")
		label := strings.TrimSuffix(id, "_other")
		if f := fieldOf(fields, label); f != nil {
			if text, _ := f.Label.In(lang); text != "" {
				label = text
			}
			fields = append(append([]Field(nil), f.Fields...), compoundFields[f.Type.Kind]...)
		}
		if row != nil {
			label += " " + nextNumber(row[1])
		}
		labels = append(labels, label)
	}
	if !ok {
		return path
	}
	return strings.Join(labels, " – ")
}

// nextNumber counts from one where paths count from zero.
func nextNumber(digits string) string {
	n := 0
	fmt.Sscan(digits, &n)
	return fmt.Sprint(n + 1)
}
