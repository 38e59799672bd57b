"""The webhook as most would write it with FastAPI and SQLAlchemy: one session per claim."""

import base64
import os
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import BigInteger, DateTime, Text, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(
    "postgresql+asyncpg://postgres@/postgres",
    connect_args={"host": os.environ["BENCH_DATABASE_HOST"]},
    pool_size=int(os.environ["WEB_THREADS"]),
    max_overflow=0,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
public_key = load_pem_public_key(os.environ["BENCH_PUBLIC_KEY"].encode())
app = FastAPI()


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text}


class PlatformAccount(Base):
    __tablename__ = "accounts_platformaccount"
    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")
    player_id: Mapped[int | None] = mapped_column(BigInteger)
    first_seen_at: Mapped[datetime]


class CampaignReward(Base):
    __tablename__ = "claims_campaignreward"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    campaign_id: Mapped[str]
    reward_id: Mapped[str]


class RewardItem(Base):
    __tablename__ = "claims_rewarditem"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reward_id: Mapped[str]
    item_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int]


class Item(Base):
    __tablename__ = "claims_item"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    sku: Mapped[str]


class Claim(Base):
    __tablename__ = "claims_claim"
    claim_id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(default="kick_drops")
    account_id: Mapped[str]
    campaign_id: Mapped[str]
    reward_id: Mapped[str]
    external_id: Mapped[str] = mapped_column(default="")
    status: Mapped[str]
    hold_reason: Mapped[str] = mapped_column(default="")
    first_hold_reason: Mapped[str] = mapped_column(default="")
    granted_at: Mapped[datetime | None]
    path: Mapped[str] = mapped_column(default="WEBHOOK")
    message_id: Mapped[str]
    received_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class Entitlement(Base):
    __tablename__ = "claims_entitlement"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    claim_id: Mapped[str]
    player_id: Mapped[int] = mapped_column(BigInteger)
    sku: Mapped[str]
    quantity: Mapped[int]
    status: Mapped[str] = mapped_column(default="GRANTED")
    granted_at: Mapped[datetime]
    fulfilment_id: Mapped[str] = mapped_column(default="")
    revocation_reason: Mapped[str] = mapped_column(default="")


class Payload(BaseModel):
    claim_id: str
    user_id: int
    campaign_id: str
    reward_id: str
    external_id: str | None = None


@app.post("/webhooks/kick/drops")
async def drops(request: Request) -> dict[str, str]:
    body = await request.body()
    message_id = request.headers["kick-event-message-id"]
    check_signature(request, message_id, body)
    payload = Payload.model_validate_json(body)
    async with sessions() as session, session.begin():
        claim = await session.get(Claim, payload.claim_id)
        if claim is None:
            claim = await record(session, payload, message_id)
    return {"claim_id": claim.claim_id, "status": claim.status}


def check_signature(request: Request, message_id: str, body: bytes) -> None:
    signature = base64.b64decode(request.headers["kick-event-signature"])
    signed = f"{message_id}.{request.headers['kick-event-timestamp']}.".encode() + body
    try:
        public_key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise HTTPException(401) from None


async def record(session: AsyncSession, payload: Payload, message_id: str) -> Claim:
    now = datetime.now(UTC)
    key = f"kick:{payload.user_id}"
    account = await session.get(PlatformAccount, key, with_for_update=True)
    if account is None:
        account = PlatformAccount(key=key, first_seen_at=now)
        session.add(account)
    items = await find_items(session, payload)
    is_granted = bool(items) and account.player_id is not None
    claim = Claim(
        claim_id=payload.claim_id,
        account_id=key,
        campaign_id=payload.campaign_id,
        reward_id=payload.reward_id,
        external_id=payload.external_id or "",
        status="GRANTED" if is_granted else "HELD",
        hold_reason="" if is_granted else "NOT_LINKED",
        first_hold_reason="" if is_granted else "NOT_LINKED",
        granted_at=now if is_granted else None,
        message_id=message_id,
        received_at=now,
        recorded_at=now,
    )
    session.add(claim)
    await session.flush()
    if is_granted:
        session.add_all(
            Entitlement(
                claim_id=claim.claim_id,
                player_id=account.player_id,
                sku=sku,
                quantity=quantity,
                granted_at=now,
            )
            for sku, quantity in items
        )
    return claim


async def find_items(session: AsyncSession, payload: Payload) -> list[tuple[str, int]]:
    mapping = (
        select(Item.sku, RewardItem.quantity)
        .join(RewardItem, RewardItem.item_id == Item.id)
        .join(CampaignReward, CampaignReward.reward_id == RewardItem.reward_id)
        .where(
            CampaignReward.campaign_id == payload.campaign_id,
            CampaignReward.reward_id == payload.reward_id,
        )
    )
    return [(sku, quantity) for sku, quantity in await session.execute(mapping)]
