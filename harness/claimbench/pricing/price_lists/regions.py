"""Which region or cloud an address belongs to, where that decides the price.

A price list holds for one region of one cloud. An address elsewhere is a seller of its own, or has
no price here; it never takes another region's price in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HOSTS = {
    "dashscope.aliyuncs.com": "alibaba-cn",
    "dashscope-intl.aliyuncs.com": "alibaba",
    "dashscope-us.aliyuncs.com": "alibaba-us",
    "ark.cn-beijing.volces.com": "volcengine",
    "ark.ap-southeast.bytepluses.com": "byteplus",
    "qianfan.baidubce.com": "baidu",
    "aip.baidubce.com": "baidu",
    "api.moonshot.cn": "moonshotai-cn",
    "api.moonshot.ai": "moonshotai",
    "api.minimaxi.com": "minimax-cn",
    "api.minimax.chat": "minimax-cn",
    "api.minimax.io": "minimax",
    "api.minimaxi.chat": "minimax",
    "open.bigmodel.cn": "zhipuai",
}
"""First-party endpoints whose seller no other source knows, or takes for another region's."""

US_REGIONS = ("us-east-1", "us-east-2", "us-west-2")
"""Regions of AWS whose prices its list states without a region."""

_VERTEX = re.compile(
    r"(?P<a>[a-z]+(-[a-z]+)+\d+)-aiplatform\.googleapis\.com"
    r"|aiplatform\.(?P<b>[a-z0-9-]+)\.rep\.googleapis\.com"
)
_BEDROCK = re.compile(
    r"bedrock(-runtime|-mantle)?(-fips)?[.-](?P<region>[a-z0-9-]+)\.(amazonaws\.com(\.cn)?|api\.aws)"
)
_GEOGRAPHY = re.compile(r"^(global|us|eu|apac|jp|ca|au|us-gov)\.")
"""A model id of Bedrock that says itself where it is served."""


def foreign(host: str, name: str) -> str | None:
    """Return why the list price of ``name`` does not hold at ``host``; None where it may.

    Google lists Vertex AI's global endpoint, and charges more at others for some models (Anthropic
    documents 10 % for Claude since Sonnet 4.5). AWS lists its regions in the US.
    """
    vertex = _VERTEX.fullmatch(host)
    if vertex is not None:
        region = vertex["a"] or vertex["b"]
        if region != "global":
            return _elsewhere(f"Vertex AI's endpoint in {region}", "the global one", "google")
    bedrock = _BEDROCK.fullmatch(host)
    if bedrock is not None:
        return foreign_aws(bedrock["region"], name)
    return None


def foreign_aws(region: str, name: str) -> str | None:
    """Return why the list price of ``name`` does not hold in that region of AWS."""
    place = _GEOGRAPHY.match(name)
    if place is not None or region in US_REGIONS:
        return None
    return _elsewhere(f"Bedrock in {region}", "the US regions", "aws")


def _elsewhere(where: str, listed: str, seller: str) -> str:
    return (
        f"{where} may have other prices than {listed}, which the price book lists; state"
        f" cost.price, or cost.list: {{provider: {seller}}} with its page's surcharge (0: none)"
    )


def asked_elsewhere(options: Mapping[str, Any], model: str) -> str | None:
    """Return why the list price does not hold in the region that an arm's options name for a client
    library; None where they name none, or the listed one.
    """
    extra = options.get("extra")
    for part in (options, extra if isinstance(extra, Mapping) else {}):
        for name in ("vertex_location", "vertex_ai_location"):
            if isinstance(part.get(name), str) and part[name] != "global":
                return _elsewhere(
                    f"Vertex AI's endpoint in {part[name]}", "the global one", "google"
                )
        region = part.get("aws_region_name")
        if isinstance(region, str):
            return foreign_aws(region, model.rsplit("/", 1)[-1].lower())
    return None
