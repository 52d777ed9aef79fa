"""What is one fact in each file of the priors folder?

Each record is one row.  Its annotations are the only statement of the columns,
their types, ranges and meaning: the reader validates against them, and
``datapackage.json`` is generated from them.
"""

# not postponed, as elsewhere: each reader of the annotations would evaluate them anew

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

Grade = Annotated[
    Literal["meta_analysis", "study", "guideline", "seed", "elicited"],
    Meta(description="How it was obtained, best evidence first; a statement: by whom it was made."),
]
Identifier = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=64, description="Lower snake case id.")
]
Probability = Annotated[float, Meta(ge=0, le=1, description="Probability.")]
Positive = Annotated[float, Meta(gt=0)]
NonNegative = Annotated[float, Meta(ge=0)]
Text = Annotated[str, Meta(min_length=1, max_length=600)]
Note = Annotated[str, Meta(max_length=600, description="Population, definition or derivation.")]
Sources = Annotated[
    tuple[str, ...],
    Meta(min_length=1, description="Keys of sources.bib, separated by semicolons."),
]
Claims = Annotated[
    tuple[Identifier, ...],
    Meta(description="Claims that the number rests on, by id, separated by semicolons."),
]
Derivation = (
    Annotated[
        str,
        Meta(
            max_length=400,
            description="How value, low and high follow from the claims; empty if judged.",
        ),
    ]
    | None
)
Codes = (
    Annotated[
        str, Meta(description="In a terminology, separated by semicolons; empty if none fits.")
    ]
    | None
)
AgeBand = (
    Annotated[
        str,
        Meta(pattern=r"^[0-9]+_([0-9]+|plus)$", description="Age in years; empty for all ages."),
    ]
    | None
)
# the most pressing first
UrgencyLevel = Literal["emergency", "urgent", "soon", "routine", "self_care"]
Pressing = Annotated[
    UrgencyLevel,
    Meta(description="Now; within 24 hours; within two weeks; at convenience; at home."),
]
# in the order in which they are shown
GuidanceKind = Literal[
    "see_doctor", "caution", "next_step", "test", "self_care", "food", "prevention", "fact"
]
Sex = Annotated[Literal["female", "male"], Meta(description="Empty for both.")] | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: the file's name and the line of its first character."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Base of all records: its file, and the columns that tell two rows apart."""

    FILE: ClassVar[str] = ""
    KEY: ClassVar[tuple[str, ...]] = ()

    place: Place = field(default=Place("", 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Row):
    """Base of the records that hold a number: the value, its interval, and where it is from."""

    value: NonNegative
    low: NonNegative
    high: NonNegative
    claims: Claims
    derivation: Derivation
    grade: Grade
    sources: Sources
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Node(Row):
    """A variable of the network: what it is called, how it is asked, and its states."""

    FILE: ClassVar[str] = "nodes.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Identifier
    kind: Literal["context", "cause", "finding", "test"]
    label: Text
    question: (
        Annotated[str, Meta(max_length=600, description="As asked of a patient; not of causes.")]
        | None
    )
    group: Identifier
    states: Annotated[
        tuple[Identifier, ...],
        Meta(min_length=2, max_length=8, description="Lowest first, separated by bars."),
    ]
    scope: (
        Annotated[
            Literal["complaint", "presence"],
            Meta(description="What a finding hangs on: its cause being responsible, or present."),
        ]
        | None
    )
    icd10: Codes
    snomed_ct: Codes
    hpo: Codes
    loinc: Codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Prevalence(Figure):
    """How common a cause or context is in adults of one age band and sex."""

    FILE: ClassVar[str] = "prevalence.csv"
    KEY: ClassVar[tuple[str, ...]] = ("node", "age_band", "sex")

    node: Identifier
    age_band: AgeBand
    sex: Sex
    value: Probability
    low: Probability
    high: Probability
    incidence_per_1000_py: (
        Annotated[
            float,
            Meta(ge=0, description="Of a short-lived cause: new cases per 1000 person-years."),
        ]
        | None
    )
    duration_days: Annotated[float, Meta(gt=0, description="Of a short-lived cause.")] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFactor(Figure):
    """How a context or a cause changes the odds of another cause."""

    FILE: ClassVar[str] = "risk_factors.csv"
    KEY: ClassVar[tuple[str, ...]] = ("factor", "cause")

    factor: Identifier
    cause: Identifier
    value: Annotated[float, Meta(gt=0, description="Odds ratio, adjusted for age and sex.")]
    low: Positive
    high: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Figure):
    """How often a cause shows a finding or test in one state: a sensitivity."""

    FILE: ClassVar[str] = "links.csv"
    KEY: ClassVar[tuple[str, ...]] = ("cause", "node", "state")

    cause: Identifier
    node: Identifier
    state: Identifier
    value: Probability
    low: Probability
    high: Probability
    figure: Annotated[
        Literal["compound", "net"],
        Meta(description="Whether the value includes the background rate (compound) or not."),
    ]
    lr_positive: Annotated[float, Meta(gt=0, description="If the value comes from it.")] | None
    lr_negative: Annotated[float, Meta(ge=0, description="If the value comes from it.")] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint(Figure):
    """How often a cause makes its bearer complain in one setting."""

    FILE: ClassVar[str] = "complaint.csv"
    KEY: ClassVar[tuple[str, ...]] = ("cause", "setting")

    cause: Annotated[Identifier, Meta(description="A cause, or `unlisted`.")]
    setting: Identifier
    measure: Annotated[
        Literal["probability", "visits_per_1000_person_years"],
        Meta(description="Of complaining this week; or visits for it by the whole population."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Background(Figure):
    """How often a finding or test is in one state for no listed reason."""

    FILE: ClassVar[str] = "background.csv"
    KEY: ClassVar[tuple[str, ...]] = ("node", "state", "given", "age_band")

    node: Identifier
    state: Identifier
    given: Annotated[
        Literal["leak", "unlisted"],
        Meta(description="No cause at all (leak), or an unlisted cause being responsible."),
    ]
    age_band: AgeBand
    value: Probability
    low: Probability
    high: Probability


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency(Row):
    """How soon a cause needs care."""

    FILE: ClassVar[str] = "urgency.csv"
    KEY: ClassVar[tuple[str, ...]] = ("cause",)

    cause: Identifier
    urgency: Pressing
    grade: Grade
    sources: Sources
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class RedFlag(Row):
    """What makes a cause more pressing, or the complaint whatever its cause."""

    FILE: ClassVar[str] = "red_flags.csv"
    KEY: ClassVar[tuple[str, ...]] = ("cause", "node", "state")

    cause: Annotated[Identifier, Meta(description="A cause, or the complaint.")]
    node: Identifier
    state: Identifier
    urgency: Pressing
    together_with: Annotated[
        tuple[Identifier, ...],
        Meta(description="Nodes that must be present, too; separated by semicolons."),
    ]
    why: Text
    grade: Grade
    sources: Sources
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance(Row):
    """What to do about a cause or the complaint, what helps at home, what is worth knowing."""

    FILE: ClassVar[str] = "guidance.csv"
    KEY: ClassVar[tuple[str, ...]] = ("cause", "kind", "text")

    cause: Annotated[Identifier, Meta(description="A cause, or the complaint.")]
    kind: Annotated[
        GuidanceKind,
        Meta(description="A caution says what is unsafe or disputed; a food what it contains."),
    ]
    text: Text
    grade: Grade
    sources: Sources
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Row):
    """One published figure: what was measured, in whom, and whether a number rests on it."""

    FILE: ClassVar[str] = "claims.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Identifier
    subject: Annotated[Identifier, Meta(description="A node, or `population`.")]
    object: Annotated[Identifier, Meta(description="The other node, if there are two.")] | None
    measure: Literal[
        "prevalence",
        "sensitivity",
        "specificity",
        "false_positive_rate",
        "lr_positive",
        "lr_negative",
        "odds_ratio",
        "relative_risk",
        "hazard_ratio",
        "case_mix",
        "share_consulting",
        "incidence_per_1000_py",
        "consultation_incidence_per_1000_py",
        "consultation_prevalence_per_1000_py",
        "duration_days",
    ]
    value: NonNegative
    low: Annotated[float, Meta(ge=0, description="End of the published 95 % interval.")] | None
    high: Annotated[float, Meta(ge=0, description="End of the published 95 % interval.")] | None
    numerator: Annotated[float, Meta(ge=0, description="Number of events or bearers.")] | None
    denominator: (
        Annotated[float, Meta(gt=0, description="People; person-years of an incidence.")] | None
    )
    population: Annotated[str, Meta(max_length=600, description="Who was studied.")]
    setting: Literal["population", "primary_care", "clinic", "hospital", "emergency"]
    definition: Annotated[str, Meta(max_length=600, description="What exactly was counted.")]
    design: Literal[
        "meta_analysis",
        "systematic_review",
        "rct",
        "cohort",
        "case_control",
        "cross_sectional",
        "register",
        "case_series",
        "guideline",
        "textbook",
        "narrative_review",
    ]
    source: Annotated[str, Meta(min_length=1, description="Key of sources.bib.")]
    locator: Annotated[str, Meta(max_length=200, description="Where in the source it was read.")]
    use: Annotated[
        Literal["used", "anchor", "held_back", "rejected"],
        Meta(
            description="A number is computed from it; judged with it in view; it is kept for "
            "validation; or no number rests on it."
        ),
    ]
    note: Annotated[str, Meta(max_length=600, description="Caveats; why it is rejected.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack(Row):
    """A claim that sets no number, and the quantity of the network that it is compared with."""

    FILE: ClassVar[str] = "held_back.csv"
    KEY: ClassVar[tuple[str, ...]] = ("claim",)

    claim: Identifier
    target: Annotated[
        str, Meta(min_length=1, max_length=400, description="Events, such as `node=state`.")
    ]
    given: Annotated[str, Meta(max_length=400, description="What is known; `cause=responsible`.")]
    against: (
        Annotated[str, Meta(max_length=400, description="Of a ratio: the other condition.")] | None
    )
    setting: Identifier
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Row):
    """A look for literature behind a judged number, and what came of it."""

    FILE: ClassVar[str] = "searches.csv"
    KEY: ClassVar[tuple[str, ...]] = ("table", "row", "query")

    table: Annotated[str, Meta(pattern=r"^[a-z_]+\.csv$", description="Where the number stands.")]
    row: Annotated[str, Meta(min_length=1, max_length=200, description="Its key, with slashes.")]
    query: Text
    date: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    outcome: Literal["used", "anchor", "nothing"]
    claims: Claims
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation(Row):
    """A textbook picture of one cause, to see what a change of numbers does."""

    FILE: ClassVar[str] = "presentations.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Identifier
    causes: Annotated[tuple[str, ...], Meta(min_length=1, description="What it is a picture of.")]
    evidence: Annotated[
        str, Meta(min_length=1, max_length=2000, description="`node=state`, joined by semicolons.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost(Row):
    """What it takes to learn the state of one context, finding or test."""

    FILE: ClassVar[str] = "costs.csv"
    KEY: ClassVar[tuple[str, ...]] = ("node",)

    node: Identifier
    minutes: Annotated[float, Meta(gt=0, description="Of the patient's time, waiting left out.")]
    money: Annotated[float, Meta(gt=0, description="In pounds sterling, staff time included.")]
    discomfort: Annotated[
        float, Meta(gt=0, le=10, description="0: none; 10: the worst; 0.1: a plain question.")
    ]
    grade: Grade
    sources: Annotated[
        tuple[str, ...],
        Meta(description="Keys of sources.bib, separated by semicolons; empty if all is judged."),
    ]
    note: Note


# read when they are asked for: a diagnosis does not need them
SUPPLEMENTS: tuple[type[Row], ...] = (Claim, HeldBack, Search, Presentation, Cost)

RECORDS: tuple[type[Row], ...] = (
    Node,
    Prevalence,
    RiskFactor,
    Link,
    Complaint,
    Background,
    Urgency,
    RedFlag,
    Guidance,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Name, version and settings of a priors folder."""

    name: str
    version: str
    default_setting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """The validated content of a priors folder.

    Attributes
    ----------
    supplements : mapping of file name to bytes
        The tables behind the numbers and the bibliography, unread; see
        `legache.knowledge.supplements` and `legache.knowledge.sources`.
    digests : mapping of file name to SHA-256
        Of every file read.
    digest : str
        One SHA-256 over all of them: two folders with the same digest say the same.
    """

    package: Package
    nodes: tuple[Node, ...]
    prevalence: tuple[Prevalence, ...]
    risk_factors: tuple[RiskFactor, ...]
    links: tuple[Link, ...]
    complaints: tuple[Complaint, ...]
    background: tuple[Background, ...]
    urgency: tuple[Urgency, ...]
    red_flags: tuple[RedFlag, ...]
    guidance: tuple[Guidance, ...]
    source_keys: frozenset[str]
    supplements: Mapping[str, bytes]
    digests: Mapping[str, str]
    digest: str
