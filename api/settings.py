"""How an engine is set up: from the environment (``REACH180_…``), with embedded defaults."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """All there is to set. Secrets come from here or from a file, never from code, and are never logged."""

    model_config = SettingsConfigDict(env_prefix="REACH180_", extra="ignore")

    city: str = Field("kunshan", description="a built-in city's name, or the path of a city folder")
    data: Path = Field(Path("var"), description="where the database and the session secret live")
    database: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data folder", repr=False)
    host: str = "127.0.0.1"
    port: int = Field(8180, ge=0, le=65535)
    speed: float = Field(1.0, gt=0, le=100, description="engine seconds per wall second; embedded vehicles only")
    connections: list[str] = Field([], description="MAVSDK connection URLs; empty: embedded vehicles")
    standby: bool = Field(False, description="wait while another engine dispatches from the database, then take over")
    jobs_at_once: int = Field(2, ge=1, le=64, description="so many jobs (plans) work at once; others wait")
    simulation_workers: int = Field(2, ge=1, le=256, description="a simulation may have so many processes work at it")
    runs: list[Path] = Field([], description="recorded runs to be shown beside those of jobs: files or folders")
    secret: SecretStr = Field(SecretStr(""), description="key that signs sessions; empty: a file in the data folder")
    session_hours: float = Field(12.0, gt=0)
    raster_tiles: str = Field("", description="URL template of an online raster base map; empty: none is asked for")

    @property
    def database_url(self) -> str:
        """The store's URL."""
        return self.database or f"sqlite:///{(self.data / 'reach180.db').resolve()}"

    @property
    def basemap_path(self) -> Path:
        """Where an offline base map is looked for."""
        return self.data / "basemap.pmtiles"
