/*
 * JupyterLab shows START.ipynb and PROGRESS.ipynb as pages: without cells, without a kernel, and as
 * the learner's progress is now. The server renders them whenever they are read; this page reads
 * them again while it is looked at.
 *
 * Printed text and drawings are styled here, too: see STYLE.
 *
 * This is a prebuilt extension written by hand: the few lines below that JupyterLab's builder would
 * make stand here as they are, so that nothing has to be built. All it needs is JupyterLab's own.
 */
(() => {
  const NAME = 'lepton-course';
  const FACTORY = 'Course page';
  const PAGES = '^(START|PROGRESS)\\.ipynb$';
  const SECONDS = 2;

  // Printed lines break between words, not within. Drawings, which have a white ground, suit the
  // dark theme: light and dark are exchanged, and each colour keeps its hue.
  const STYLE = `
    .jp-OutputArea-output.jp-RenderedText pre { word-break: normal; overflow-wrap: anywhere; }
    body[data-jp-theme-light='false'] .jp-RenderedMarkdown img[src*='.svg'] {
      filter: invert(0.93) hue-rotate(180deg);
    }`;

  let shared;

  /** Return one of the modules that JupyterLab shares with its extensions. */
  async function load(name) {
    const versions = Object.values(shared[name]);
    const core = versions.find(version => /CORE_FEDERATION/.test(version.from));
    const used = core ?? versions.find(version => version.loaded) ?? versions[0];
    return (await used.get())();
  }

  async function makePlugin() {
    const [application, apputils, docregistry, rendermimes, widgets] = await Promise.all(
      [
        '@jupyterlab/application',
        '@jupyterlab/apputils',
        '@jupyterlab/docregistry',
        '@jupyterlab/rendermime',
        '@lumino/widgets'
      ].map(load)
    );

    /** The page of one notebook: its first output in HTML. */
    class CoursePage extends widgets.Widget {
      constructor(context, contents, rendermime) {
        super();
        this.addClass('lepton-CoursePage');
        Object.assign(this.node.style, {
          background: 'var(--jp-layout-color0)',
          overflow: 'auto',
          padding: '0 24px 24px'
        });
        this.node.tabIndex = 0;
        this.context = context;
        this.contents = contents;
        const here = rendermime.clone({ resolver: context.urlResolver });
        this.makeModel = html => here.createModel({ data: { 'text/html': html } });
        this.renderer = here.createRenderer('text/html');
        this.html = undefined;
        const layout = new widgets.PanelLayout();
        layout.addWidget(this.renderer);
        this.layout = layout;
        this.look = () => void this.refresh();
        this.timer = setInterval(this.look, SECONDS * 1000);
        window.addEventListener('focus', this.look);
        this.ready = context.ready.then(() => this.refresh(true));
      }

      dispose() {
        clearInterval(this.timer);
        window.removeEventListener('focus', this.look);
        super.dispose();
      }

      onAfterShow() {
        this.look();
      }

      onActivateRequest() {
        this.node.focus();
      }

      /** Read the page again, if it is looked at, and show it where it has changed. */
      async refresh(always = false) {
        const isSeen = this.isVisible && document.visibilityState === 'visible';
        if (this.isDisposed || !(isSeen || always)) {
          return;
        }
        let html;
        try {
          const wanted = { type: 'notebook', content: true };
          html = firstHtml(await this.contents.get(this.context.path, wanted));
        } catch (error) {
          console.warn(`${this.context.path} cannot be read:`, error);
          return; // the server cannot be reached: what was shown stays
        }
        if (html !== this.html && !this.isDisposed) {
          this.html = html;
          await this.show_(html);
        }
      }

      /** Replace what is shown; scrolling and the keyboard's place stay. */
      async show_(html) {
        const links = () => [...this.node.querySelectorAll('a')];
        const focused = links().indexOf(document.activeElement);
        const top = this.node.scrollTop;
        await this.renderer.renderModel(this.makeModel(html));
        this.node.scrollTop = top;
        links()[focused]?.focus();
      }
    }

    function firstHtml(file) {
      for (const cell of file.content.cells) {
        for (const output of cell.outputs ?? []) {
          const html = output.data?.['text/html'];
          if (html) {
            return Array.isArray(html) ? html.join('') : html;
          }
        }
      }
      return '<p>This page is empty. <code>lepton learn</code> makes it again.</p>';
    }

    class CoursePageFactory extends docregistry.ABCWidgetFactory {
      constructor(options, contents, rendermime) {
        super(options);
        this.contents = contents;
        this.renderers = rendermime;
      }

      createNewWidget(context) {
        const content = new CoursePage(context, this.contents, this.renderers);
        const widget = new docregistry.DocumentWidget({
          content,
          context,
          reveal: content.ready
        });
        widget.addClass('lepton-CourseDocument');
        widget.toolbar.hide();
        return widget;
      }
    }

    return {
      id: `${NAME}:pages`,
      description: 'Shows the start page and the progress page of a course.',
      autoStart: true,
      requires: [rendermimes.IRenderMimeRegistry],
      optional: [application.ILayoutRestorer],
      activate: (app, rendermime, restorer) => {
        const style = document.createElement('style');
        style.textContent = STYLE;
        document.head.append(style);
        app.docRegistry.addFileType({
          name: 'lepton-page',
          displayName: FACTORY,
          contentType: 'notebook',
          fileFormat: 'json',
          mimeTypes: [],
          extensions: [],
          pattern: PAGES
        });
        const factory = new CoursePageFactory(
          {
            name: FACTORY,
            modelName: 'text', // which is not changed by being read
            fileTypes: ['lepton-page'],
            defaultFor: ['lepton-page'],
            readOnly: true
          },
          app.serviceManager.contents,
          rendermime
        );
        app.docRegistry.addWidgetFactory(factory);
        const tracker = new apputils.WidgetTracker({ namespace: 'lepton-page' });
        factory.widgetCreated.connect((_, widget) => {
          void tracker.add(widget);
          widget.context.pathChanged.connect(() => void tracker.save(widget));
        });
        void restorer?.restore(tracker, {
          command: 'docmanager:open',
          args: widget => ({ path: widget.context.path, factory: FACTORY }),
          name: widget => widget.context.path
        });
      }
    };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: scope => {
      shared = scope;
    },
    get: async module => {
      if (module !== './extension') {
        throw new Error(`${NAME} has no module ${module}`);
      }
      const plugin = await makePlugin();
      return () => ({ __esModule: true, default: plugin });
    }
  };
})();
