/**
 * The Greek stemmer of Snowball, after Ntais, "Development of a Stemmer for the Greek Language" (2006), and Saroukos,
 * "Enhancing a Greek language stemmer" (2008), for folded words: small letters without accents, no "ς".
 *
 * Each step takes an ending off; what stood before it may say that this was too much, and get a part of it back.
 */

import { endingOf, without } from "./endings.js";

const VOWELS = "α ε η ι ο υ ω";
const VOWELS_BUT_Y = "α ε η ι ο ω";
/** With these before it, it is -ίζω and -ίσω that lose nothing but the ending. */
const STEMS_IN_I =
  "αναμπα εμπα εσε εσωκλε επα ξαναπα επε περιπα αθρο συναθρο δανε κλε χαρτοπα εξαρχα μετεπε αποκλε απεκλε εκλε πε";

const STEPS = [
  swap({
    φα: "για γιου γιων", σκα: "για γιου γιων", ολο: "γιου για γιων", σο: "γιου για γιων", τατο: "για γιου γιων",
    κρε: "ασ ατοσ ατα ατων", περ: "ασ ατοσ ατη ατα ατων", τερ: "ασ ατοσ ατα ατων", φω: "σ τοσ τα των",
    καθεστ: "ωσ ωτοσ ωτα ωτων", γεγον: "οσ οτοσ οτα οτων",
  }),
  cut(
    "ιζα ιζεσ ιζε ιζαμε ιζατε ιζαν ιζανε ιζω ιζεισ ιζει ιζουμε ιζετε ιζουν ιζουνε",
    whole("αναμπα εμπα επα ξαναπα πα περιπα αθρο συναθρο δανε", "ι"),
    whole("μαρκ κορν αμπαρ αρρ βαθυρι βαρκ β βολβορ γκρ γλυκορ γλυκυρ ιμπ λ λου μαρ μ πρ μπρ πολυρ π ρ πιπερορ", "ιζ"),
  ),
  cut("ωθηκα ωθηκεσ ωθηκε ωθηκαμε ωθηκατε ωθηκαν ωθηκανε", whole("αλ βι εν υψ λι ζω σ χ", "ων")),
  lightly(instead("ισα", "ισ")),
  cut(
    "ισα ισεσ ισε ισαμε ισατε ισαν ισανε",
    whole(STEMS_IN_I, "ι"),
    whole("αν αφ γε γιγαντοαφ γκε δημοκρατ κομ γκ μ π πουκαμ ολο λαρ", "ισ"),
  ),
  cut("ισω ισεισ ισει ισουμε ισετε ισουν ισουνε", whole(STEMS_IN_I, "ι")),
  cut(
    "ιστοσ ιστου ιστο ιστε ιστοι ιστων ιστουσ ιστη ιστησ ιστα ιστεσ",
    whole("δανε συναθρο κλε σε εσωκλε ασε πλε", "ι"),
    whole(
      "μ π απ αρ ηδ κτ σκ σχ υψ φα χρ χτ ακτ αορ ασχ ατα αχν αχτ γεμ γυρ εμπ ευπ εχθ ηφα καθ κακ κυλ λυγ μακ μεγ ταχ " +
      "φιλ χωρ",
      "ιστ",
    ),
  ),
  cut(
    "ισμο ισμοι ισμοσ ισμου ισμουσ ισμων",
    whole("σε μετασε μικροσε εγκλε αποκλε", "ισμ"),
    whole("δανε αντιδανε", "ι"),
    after("αγνωστικ ατομικ γνωστικ εθνικ εκλεκτικ σκεπτικ τοπικ αλεξανδριν βυζαντιν θεατριν", "", 2),
  ),
  cut("αρακι αρακια ουδακι ουδακια", whole("σ χ", "αρακ")),
  cut(
    "ακι ακια ιτσα ιτσασ ιτσεσ ιτσων αρακι αρακια",
    whole(
      "βαμβ βρ καιμ κον κορ λαβρ λουλ μερ μουστ ναγκασ πλ ρ ρυ σ σκ σοκ σπαν τζ φαρμ χ καπακ αλισφ αμβρ ανθρ κ φυλ " +
      "κατραπ κλιμ μαλ σλοβ φ σφ τσεχοσλοβ",
      "ακ",
    ),
    whole("β βαλ γιαν γλ ζ ηγουμεν καρδ μακρυν νυφ πατερ π τοσ τριπολ", "ιτσ"),
    after("κορ", "ιτσ"),
  ),
  cut("ιδιο ιδια ιδιων", whole("αιφν ιρ ολο ψαλ", "ιδ"), after("ε παιχν", "ιδ")),
  cut("ισκοσ ισκου ισκο ισκε", whole("δ ιβ μην ρ φραγκ λυκ οβελ", "ισκ")),
  lightly(cut("αδεσ αδων", after("οκ μαμ μαν μπαμπ πατερ γιαγι νταντ κυρ θει πεθερ", ""), (stem) => `${stem}αδ`)),
  lightly(cut("εδεσ εδων", after("οπ ιπ εμπ υπ γηπ δαπ κρασπ μιλ", "εδ"))),
  lightly(cut("ουδεσ ουδων", after("αρκ καλιακ πεταλ λιχ πλεξ σκ σ φλ φρ βελ λουλ χν σπ τραγ φε", "ουδ"))),
  cut("εωσ εων", whole("θ δ ελ γαλ ν π ιδ παρ", "ε")),
  cut("ια ιου ιων", after(VOWELS, "ι")),
  cut(
    "ικα ικο ικου ικων",
    behind(
      VOWELS,
      "αλ αδ ενδ αμαν αμμοχαλ ηθ ανηθ αντιδ φυσ βρωμ γερ εξωδ καλπ καλλιν καταδ μουλ μπαν μπαγιατ μπολ μποσ νιτ ξικ " +
      "συνομηλ πετσ πιτσ πικαντ πλιατσ ποστελν πρωτοδ σερτ συναδ τσαμ υποδ φιλον φυλοδ χασ",
      "ικ",
    ),
  ),
  lightly(instead("αγαμε", "αγαμ")),
  cut("αγαμε ησαμε ουσαμε ηκαμε ηθηκαμε"),
  cut("αμε", whole("αναπ αποθ αποκ αποστ βουβ ξεθ ουλ πεθ πικρ ποτ σιχ χ", "αμ")),
  cut("αγανε ησανε ουσανε ιοντανε ιοτανε ιουντανε οντανε οτανε ουντανε ηκανε ηθηκανε", whole("τρ τσ", "αγαν")),
  cut(
    "ανε",
    behind(
      VOWELS_BUT_Y,
      "βετερ βουλκ βραχμ γ δραδουμ θ καλπουζ καστελ κορμορ λαοπλ μωαμεθ μ μουσουλμ ν ουλ π πελεκ πλ πολισ πορτολ " +
      "σαρακατσ σουλτ τσαρλατ ορφ τσιγγ τσοπ φωτοστεφ χ ψυχοπλ αγ γαλ γερ δεκ διπλ αμερικαν ουρ πιθ πουριτ σ ζωντ ικ " +
      "καστ κοπ λιχ λουθηρ μαιντ μελ σιγ σπ στεγ τραγ τσαγ φ ερ αδαπ αθιγγ αμηχ ανικ ανοργ απηγ απιθ ατσιγγ βασ βασκ " +
      "βαθυγαλ βιομηχ βραχυκ διατ διαφ ενοργ θυσ καπνοβιομηχ καταγαλ κλιβ κοιλαρφ λιβ μεγλοβιομηχ μικροβιομηχ νταβ " +
      "ξηροκλιβ ολιγοδαμ ολογαλ πενταρφ περηφ περιτρ πλατ πολυδαπ πολυμηχ στεφ ταβ τετ υπερηφ υποκοπ χαμηλοδαπ " +
      "ψηλοταβ",
      "αν",
    ),
  ),
  cut("ησετε"),
  cut(
    "ετε",
    behind(
      `${VOWELS_BUT_Y} οδ αιρ φορ ταθ διαθ σχ ενδ ευρ τιθ υπερθ ραθ ενθ ροθ σθ πυρ αιν συνδ συν συνθ χωρ πον βρ καθ ` +
      "ευθ εκθ νετ ρον αρκ βαρ βολ ωφελ",
      "αβαρ βεν εναρ αβρ αδ αθ αν απλ βαρον ντρ σκ κοπ μπορ νιφ παγ παρακαλ σερπ σκελ συρφ τοκ υ δ εμ θαρρ θ",
      "ετ",
    ),
  ),
  cut("οντασ ωντασ", whole("αρχ", "οντ"), after("κρε", "ωντ")),
  cut("ομαστε ιομαστε", whole("ον", "ομαστ")),
  cut("ιεστε", whole("π απ συμπ ασυμπ ακαταπ αμεταμφ", "ιεστ")),
  cut("εστε", whole("αλ αρ εκτελ ζ μ ξ παρακαλ προ νισ", "ιεστ")),
  cut("ηθηκα ηθηκεσ ηθηκε"),
  cut("ηκα ηκεσ ηκε", after("σκωλ σκουλ ναρθ σφ οθ πιθ", "ηκ"), whole("διαθ θ παρακαταθ προσθ συνθ", "ηκ")),
  cut(
    "ουσα ουσεσ ουσε",
    after("ποδαρ βλεπ πανταχ φρυδ μαντιλ μαλλ κυματ λαχ ληγ φαγ ομ πρωτ", "ουσ"),
    whole(
      "φαρμακ χαδ αγκ αναρρ βρομ εκλιπ λαμπιδ λεχ μ πατ ρ λ μεδ μεσαζ υποτειν αμ αιθ ανηκ δεσποζ ενδιαφερ δε " +
      "δευτερευ καθαρευ πλε τσα",
      "ουσ",
    ),
  ),
  cut("ησε ησου ησα", whole("ν χερσον δωδεκαν ερημον μεγαλον επταν", "ησ")),
  cut(
    "αγα αγεσ αγε",
    after("κολλ", "αγ"),
    after("ψοφ ναυλοχ", ""),
    after("οφ πελ χορτ λλ σφ ρπ φρ πρ λοχ σμην", "αγ"),
    whole(
      "αβαστ πολυφ αδηφ παμφ ρ ασπ αφ αμαλ αμαλλι ανυστ απερ ασπαρ αχαρ δερβεν δροσοπ ξεφ νεοπ νομοτ ολοπ ομοτ προστ " +
      "προσωποπ συμπ συντ τ υποτ χαρ αειπ αιμοστ ανυπ αποτ αρτιπ διατ εν επιτ κροκαλοπ σιδηροπ λ ναυ ουλαμ ουρ π τρ " +
      "μ",
      "αγ",
    ),
  ),
  cut("ηστε", whole("ασβ σβ αχρ χρ απλ αειμν δυσχρ ευχρ κοινοχρ παλιμψ", "ηστ")),
  cut("ουνε ησουνε ηθουνε", whole("ν ρ σπι στραβομουτσ κακομουτσ εξων", "ουν")),
  cut("ουμε ησουμε ηθουμε", whole("παρασουσ φ χ ωριοπλ αζ αλλοσουσ ασουσ", "ουμ")),
  lightly(swap({ μα: "τα των τοσ" })),
];

/** For words of which no step before has taken an ending. */
const COMMON = cut(
  "α αγατε αγαν αει αμαι αν ασ ασαι αται αω ε ει εισ ειτε εσαι εσ εται ι ιεμαι ιεμαστε ιεται ιεσαι ιεσαστε ιομασταν " +
  "ιομουν ιομουνα ιονταν ιοντουσαν ιοσασταν ιοσαστε ιοσουν ιοσουνα ιοταν ιουμα ιουμαστε ιουνται ιουνταν η ηδεσ ηδων " +
  "ηθει ηθεισ ηθειτε ηθηκατε ηθηκαν ηθουν ηθω ηκατε ηκαν ησ ησαν ησατε ησει ησεσ ησουν ησω ο οι ομαι ομασταν ομουν " +
  "ομουνα ονται ονταν οντουσαν οσ οσασταν οσαστε οσουν οσουνα οταν ου ουμαι ουμαστε ουν ουνται ουνταν ουσ ουσαν " +
  "ουσατε υ υσ ω ων",
);
const COMPARED = cut("εστερ εστατ οτερ οτατ υτερ υτατ ωτερ ωτατ");

/**
 * @param {string} word of folded Greek letters
 * @returns {string} its stem; "" where nothing is left
 */
export function greek(word) {
  if (word.length < 3) return word;
  let untouched = true;
  for (const step of STEPS) {
    const stem = step(word);
    if (stem === null) continue;
    word = stem;
    untouched &&= step.light === true;
  }
  if (untouched) word = COMMON(word) ?? word;
  return COMPARED(word) ?? word;
}

/** A step: the word without the ending, with what the first of `returns` that knows its rest gives back; else null. */
function cut(endings, ...returns) {
  const find = endingOf(endings);
  return (word) => {
    const ending = find(word);
    if (!ending) return null;
    const stem = without(word, ending.length);
    for (const give of returns) {
      const given = give(stem);
      if (given !== null) return given;
    }
    return stem;
  };
}

/** A step that puts a stem in the place of its forms. */
function swap(forms) {
  const stems = new Map(
    Object.entries(forms).flatMap(([stem, list]) => list.split(" ").map((ending) => [stem + ending, stem])),
  );
  const find = endingOf(stems.keys());
  return (word) => {
    const form = find(word);
    return form ? without(word, form.length) + stems.get(form) : null;
  };
}

/** A step for one whole word. */
function instead(only, stem) {
  return (word) => (word === only ? stem : null);
}

/** The step, after which the common endings may go all the same. */
function lightly(step) {
  return Object.assign(step, { light: true });
}

/** Gives `end` back to stems that are one of the list. */
function whole(list, end) {
  const known = new Set(list.split(" "));
  return (stem) => (known.has(stem) ? stem + end : null);
}

/** Gives `end` back to stems that end like one of the list, instead of their last `drop` letters. */
function after(list, end, drop = 0) {
  const find = endingOf(list);
  return (stem) => (find(stem) ? without(stem, drop) + end : null);
}

/**
 * Gives `end` back to stems that end like one of `endings`, and to those of `list`. A stem of `list` with one of
 * `endings` behind it loses that: so Snowball reads the rule.
 */
function behind(endings, list, end) {
  const find = endingOf(endings);
  const known = new Set(list.split(" "));
  return (stem) => {
    const seen = find(stem);
    const rest = without(stem, seen.length);
    if (known.has(rest)) return rest + end;
    return seen ? stem + end : null;
  };
}
