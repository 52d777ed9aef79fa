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
Code = Annotated[str, Meta(description="Code in a terminology; empty if none fits.")] | None
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
    icd10: Code
    snomed_ct: Code
    hpo: Code
    loinc: Code


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
    digests: Mapping[str, str]
    digest: str
