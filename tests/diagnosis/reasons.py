"""Patients and models on which reasons are tested."""

from __future__ import annotations

from dataclasses import replace

from legache import Diagnosis, Network
from legache.diagnosis.differential import diagnose
from legache.diagnosis.model import DiagnosticModel
from legache.network.structure import Finding, NoisyMaxNetwork
from tests.random_networks import cause, finding, network_of

CLOT = {
    "age": 60,
    "sex": "female",
    "swelling_one_leg": True,
    "calf_tenderness": True,
    "urge_to_move": False,
    "recent_immobilization": True,
    "smoking": False,
}
LEFT, RIGHT, SIGN = "cellulitis", "deep_vein_thrombosis", "calf_tenderness"


def rivals(network: Network, *, leak: float) -> DiagnosticModel:
    """Make a model of two causes of the ache, of which the right one alone shows the sign."""
    shown = [_ache(2), finding(SIGN, [1], [0.8], leak)]
    return _model(network, network_of([cause(LEFT, 0.0), cause(RIGHT, -3.0)], shown, 0.1))


def certain(network: Network) -> DiagnosticModel:
    """Make a model in which the sign is proof of the right cause, and its absence of the left."""
    shown = [_ache(2), finding(SIGN, [1], [1.0])]
    always = cause(RIGHT, 0.0, responsible=1.0)
    return _model(network, network_of([cause(LEFT, 0.0), always], shown))


def said(model: DiagnosticModel, **evidence: object) -> Diagnosis:
    """Diagnose within a model."""
    return diagnose(model, evidence)


def _ache(n_causes: int) -> Finding:
    shown = finding("leg_ache", list(range(n_causes)), [1.0] * n_causes, unlisted=1.0)
    return replace(shown, hangs_on_responsible=True)


def _model(network: Network, small: NoisyMaxNetwork) -> DiagnosticModel:
    return replace(network.model, networks={network.setting: small})
