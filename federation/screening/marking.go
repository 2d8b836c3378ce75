package screening

import (
	"regexp"
	"strings"
)

// markings are the classified levels that no node of this network may hold (domain specification, 16.4), in the forms in
// which the European Union, NATO and the Member States write them.
var markings = []string{
	`RESTREINT UE`, `EU RESTRICTED`, `CONFIDENTIEL UE`, `EU CONFIDENTIAL`, `SECRET UE`, `EU SECRET`, `TR[ÈE]S SECRET UE`,
	`EU TOP SECRET`, `R-UE`, `C-UE`, `S-UE`, `TS-UE`,
	`NATO RESTRICTED`, `NATO CONFIDENTIAL`, `NATO SECRET`, `COSMIC TOP SECRET`,
	`VS[\s\x{a0}]*[-–]?[\s\x{a0}]*NfD`, `VS[\s\x{a0}]*[-–]?[\s\x{a0}]*NUR F[ÜU]R DEN DIENSTGEBRAUCH`, `VS[\s\x{a0}]*[-–]?[\s\x{a0}]*(?:VERTRAULICH|Vertraulich)`, `STRENG GEHEIM`, `GEHEIM`, `TR[ÈE]S SECRET D[ÉE]FENSE`, `SECRET D[ÉE]FENSE`, `CONFIDENTIEL D[ÉE]FENSE`, `SEGRETISSIMO`, `SEGRETO`, `DIFFUSION RESTREINTE`,
	`RISERVATO`, `RISERVATISSIMO`, `DIFUSI[ÓO]N LIMITADA`, `BEGR[ÆA]NSET`, `TIL TJENESTEBRUG`, `DEPARTEMENTAAL VERTROUWELIJK`,
	`ZASTRZE[ŻZ]ONE`, `VYHRAZEN[ÉE]`, `K[ÄA]YTT[ÖO] RAJOITETTU`, `BEGR[ÄA]NSAT HEMLIG`, `KORLÁTOZOTT TERJESZTÉSŰ`,
	`ΠΕΡΙΟΡΙΣΜΕΝΗΣ ΧΡΗΣΗΣ`, `ЗА СЛУЖЕБНО ПОЛЗВАНЕ`, `SECRET DE SERVICIU`, `INTERNO`, `OGRANIČENO`, `RESERVADO`,
}

// markingPattern finds a marking that stands as a word in the capitals of a marking; the lower-case word of a sentence
// ("a reserved seat") is none. Mixed cases are listed as they are written.
var markingPattern = regexp.MustCompile(`(?:^|[^\p{L}\p{N}])(` + strings.ReplaceAll(strings.Join(markings, "|"), " ", `[\s\x{a0}]+`) + `)(?:$|[^\p{L}\p{N}])`)

func findMarkings(text string, t traits) (out [][2]int) {
	if !t.capitals {
		return nil
	}
	for _, m := range markingPattern.FindAllStringSubmatchIndex(text, -1) {
		out = append(out, [2]int{m[2], m[3]})
	}
	return out
}
