/** The front page, in place of the theme's own, which has no landmark for its content. */
import { Content } from 'vitepress'
import { VPHomeContent, VPHomeFeatures, VPHomeHero } from 'vitepress/theme'
import { type FunctionalComponent, h } from 'vue'

const home: FunctionalComponent = () =>
  h('main', { class: 'home' }, [h(VPHomeHero), h(VPHomeFeatures), h(VPHomeContent, null, { default: () => h(Content) })])

export default home
